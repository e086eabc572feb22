import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../errors.ts'
import { detect, type Format } from '../formats/detect.ts'
import { judgeOnnx, refused, type Support } from '../sources/support.ts'
import { servedAs } from './served.ts'
import { isTableFormat, readTableSource } from './table-source.ts'
import { isTorchFormat, readTorchSource } from './torch-source.ts'

/** Reading a larger file would take its size in memory; such a one is judged by its head. */
const MAX_EXAMINED_BYTES = 512 << 20
const HEAD_BYTES = 4096

/** Whether a file can be served, by what it holds. `bytes`: what is in it, where that has been read already. Never throws. */
export function judgeFile(path: string, bytes?: Uint8Array): Support {
  try {
    const whole = bytes !== undefined || statSync(path).size <= MAX_EXAMINED_BYTES
    const content = bytes ?? (whole ? readFileSync(path) : readHead(path))
    const { format, reason } = detect(content)
    if (format === undefined || servedAs(format) === undefined)
      return refused(path, `is ${format ?? 'no model'} (${reason}), which is not served`)
    if (!whole) return { supported: true }
    if (format === 'onnx') return judgeOnnx(path, content)
    const refusal = conversionRefusal(content, format, path)
    return refusal === undefined ? { supported: true } : refused(path, `cannot be served: ${refusal}`)
  } catch (error) {
    return refused(path, `cannot be opened: ${messageOf(error)}`)
  }
}

/** Why a file of a format that is converted cannot be: the sentence that opening it would end with, or undefined. */
export function conversionRefusal(bytes: Uint8Array, format: Format, path?: string): string | undefined {
  try {
    if (isTorchFormat(format)) readTorchSource(bytes, format, path === undefined ? [] : [dirname(path)])
    if (!isTableFormat(format)) return undefined
    const { signature, convert } = readTableSource(bytes, format)
    convert({ form: signature.form, width: signature.width ?? 1, names: signature.names })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function readHead(path: string): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES)
  const file = openSync(path, 'r')
  try {
    return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0))
  } finally {
    closeSync(file)
  }
}
