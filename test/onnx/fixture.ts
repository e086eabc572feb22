import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../fixtures/onnx/reader/', import.meta.url)

/** Models that `test/fixtures/make/onnx_reader.py` made. */
export const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => file.slice(0, -'.onnx'.length))

/** A file as a plain Uint8Array with memory of its own: a Buffer's would be shared with others. */
export const fileOf = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, FOLDER)))

export const modelOf = (name: string): Uint8Array => fileOf(`${name}.onnx`)

/** What Python says of a model. */
export const expectedOf = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'))
