import { inspectFile } from '../bounded-file.ts'
import { InferError } from '../errors.ts'
import type { Inspection } from '../inspect/inspection.ts'
import { inspectionText } from './inspection-text.ts'

/**
 * `inspect FILE...`: what is in a file of any format, without running it.
 * @returns the exit code: 0 when every file is a model that reads, served or not
 */
export async function inspectFiles(
  files: readonly string[],
  { json, colour }: { readonly json: boolean; readonly colour: boolean },
  print: (line: string) => void,
): Promise<number> {
  if (files.length === 0) throw new InferError('bad_request', 'inspect needs at least one file')
  const answers: object[] = []
  let failures = 0
  for (const file of files) {
    const answer = await inspectOne(file)
    if ('refused' in answer || answer.format === null) failures++
    if (json) answers.push({ file, ...answer })
    else print(inspectionText(file, answer, colour))
  }
  if (json) print(JSON.stringify(answers, undefined, 2))
  return failures === 0 ? 0 : 1
}

/** Why a file tells nothing of itself. */
export interface Refusal {
  readonly refused: string
}

async function inspectOne(file: string): Promise<Inspection | Refusal> {
  try {
    return await inspectFile(file)
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    return { refused: error.message }
  }
}
