import { messageOf } from '../errors.ts'
import type { Format } from '../formats/detect.ts'
import { isTableFormat, readTableSource } from './table-source.ts'

/** Why a file of a format that is converted cannot be: the sentence that opening it would end with, or undefined. */
export function conversionRefusal(bytes: Uint8Array, format: Format): string | undefined {
  if (!isTableFormat(format)) return undefined
  try {
    const { signature, convert } = readTableSource(bytes, format)
    convert({ form: signature.form, width: signature.width ?? 1, names: signature.names })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
