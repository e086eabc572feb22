import { writeFileSync } from 'node:fs'
import { convertFile } from '../bounded-file.ts'
import { InferError, messageOf } from '../errors.ts'

/**
 * `convert FILE -o MODEL.onnx`: a fitted estimator as an ONNX model.
 * @returns the exit code: 0 when it was written
 */
export async function convert(
  files: readonly string[],
  output: string | undefined,
  print: (line: string) => void,
): Promise<number> {
  const [file] = files
  if (file === undefined || files.length > 1 || output === undefined)
    throw new InferError('bad_request', 'convert needs one model file, and -o with the file to write')
  try {
    const { model, leftOut } = await convertFile(file)
    write(output, model)
    print(`ok      ${file}  ${output}  ${model.length} bytes`)
    for (const [method, why] of Object.entries(leftOut)) print(`        without ${method}: ${why}`)
    return 0
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    print(`FAILED  ${file}: ${error.message}`)
    return 1
  }
}

function write(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes)
  } catch (error) {
    throw new InferError('bad_request', `${path} cannot be written: ${messageOf(error).split(',')[0]}`)
  }
}
