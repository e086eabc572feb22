import { closeSync, fstatSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InferError, messageOf } from './errors.ts'
import type { Inspection } from './inspect/inspection.ts'
import { type BoundedResult, type Bounds, runBounded } from './runtime/bounded-child.ts'

/**
 * What a file from a stranger may cost. Node takes 60 MB before it reads; small files expand most (an empty dict costs
 * 240 times its opcode), so there is a fixed part; 2 GiB is what a Buffer holds.
 */
const MAX_FILE_BYTES = 2 ** 31 - 1
const FREE_BYTES = 512 * 1024 * 1024
const MEMORY_PER_BYTE = 4
const FREE_MS = 30_000
const BYTES_PER_MS = 20_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

export const boundsOf = (fileBytes: number): Bounds => ({
  memoryBytes: FREE_BYTES + MEMORY_PER_BYTE * fileBytes,
  timeoutMs: FREE_MS + fileBytes / BYTES_PER_MS,
  outputBytes: MAX_OUTPUT_BYTES,
})

/**
 * What is in a file, read in a process of its own that is killed when it takes too much memory or time.
 * @throws InferError bad_model with a sentence, without the file's name, for what cannot be read
 */
export async function inspectFile(path: string, bounds?: Partial<Bounds>): Promise<Inspection> {
  const answer = JSON.parse((await readBy('inspect-child', path, bounds)).toString()) as
    | Inspection
    | { refused: string }
  if ('refused' in answer) throw new InferError('bad_model', answer.refused)
  return answer
}

/** A file as an ONNX model, converted in such a process. @throws InferError bad_model with a sentence */
export async function convertFile(path: string): Promise<Converted> {
  const answer = await readBy('convert-child', path, { outputBytes: MAX_FILE_BYTES })
  const end = answer.indexOf('\n')
  const head = JSON.parse(answer.toString('utf8', 0, end)) as Pick<Converted, 'leftOut'> | { refused: string }
  if ('refused' in head) throw new InferError('bad_model', head.refused)
  return { ...head, model: answer.subarray(end + 1) }
}

export interface Converted {
  readonly model: Uint8Array
  /** By method that is not in the model: why. */
  readonly leftOut: Readonly<Record<string, string>>
}

async function readBy(module: string, path: string, bounds?: Partial<Bounds>): Promise<Buffer> {
  const file = open(path)
  try {
    const { size } = fstatSync(file)
    if (size > MAX_FILE_BYTES) throw new InferError('bad_model', `it has ${size} bytes; a model has at most 2 GiB`)
    const limits = { ...boundsOf(size), ...bounds }
    return outputOf(await runBounded(moduleFile(module), file, limits), limits)
  } finally {
    closeSync(file)
  }
}

const moduleFile = (name: string): string =>
  fileURLToPath(new URL(`./${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url))

function open(path: string): number {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    if (fstatSync(file).isFile()) return file
  } catch (error) {
    throw new InferError('bad_model', `it cannot be read: ${messageOf(error).split(',')[0]}`)
  }
  closeSync(file)
  throw new InferError('bad_model', 'it is no file')
}

function outputOf(result: BoundedResult, { timeoutMs, memoryBytes }: Bounds): Buffer {
  if (result.kind === 'over') {
    const limits = {
      time: `reading it takes longer than ${Math.ceil(timeoutMs / 1000)} s`,
      memory: `reading it takes more than ${Math.floor(memoryBytes / 1024 / 1024)} MB of memory`,
      output: 'there is too much in it to tell',
    }
    throw new InferError('bad_model', limits[result.limit])
  }
  if (result.kind === 'failed')
    throw new InferError('internal', `the process that read it ended with ${result.how}: ${result.stderr.trim()}`)
  return result.output
}
