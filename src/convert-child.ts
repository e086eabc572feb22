/**
 * A process that converts one file from a stranger to an ONNX model and ends: the file is its standard input; a line
 * of JSON and the model, or a line that says why not, its standard output. Whoever starts it bounds it:
 * `bounded-file.ts`.
 */
import { readFileSync, writeSync } from 'node:fs'
import { InferError } from './errors.ts'
import { exportFile } from './models/export.ts'

function answer(): Uint8Array {
  try {
    const { model, leftOut } = exportFile(readFileSync(0))
    return Buffer.concat([Buffer.from(`${JSON.stringify({ leftOut })}\n`), model])
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    return Buffer.from(`${JSON.stringify({ refused: error.message })}\n`)
  }
}

const bytes = answer()
for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)
