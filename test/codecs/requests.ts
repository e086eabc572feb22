import * as abi from '../../src/codecs/abi.ts'
import { encodeModelId, type ModelId, STORAGES, type Storage } from '../../src/codecs/model-id.ts'
import { ARITHMETICS, type Arithmetic } from '../../src/codecs/ritual-vector.ts'

interface G3Fields {
  readonly modelId?: ModelId | undefined
  readonly vector: string
  readonly outputArithmetic?: Arithmetic | undefined
  readonly outputDecimals?: number | undefined
}

/** What upstream's client writes: each option only when it is set. */
export function encodeG3Request({ modelId, vector, outputArithmetic, outputDecimals }: G3Fields): string {
  const id = modelId === undefined ? '' : encodeModelId(modelId)
  const arithmetic = outputArithmetic === undefined ? [] : [BigInt(ARITHMETICS.indexOf(outputArithmetic))]
  const decimals = outputDecimals === undefined ? [] : [BigInt(outputDecimals)]
  const [first, second] = [...arithmetic, ...decimals]
  if (first === undefined) return abi.encode(['bytes', 'bytes'], [id, vector])
  if (second === undefined) return abi.encode(['bytes', 'bytes', 'uint8'], [id, vector, first])
  return abi.encode(['bytes', 'bytes', 'uint8', 'uint8'], [id, vector, first, second])
}

interface G2Fields {
  readonly source: Storage
  readonly repoId: string
  readonly filename: string
  readonly version: string
  readonly vector: string
}

export const encodeG2Request = ({ source, repoId, filename, version, vector }: G2Fields): string =>
  abi.encode(
    ['uint8', 'string', 'string', 'string', 'bytes'],
    [BigInt(STORAGES.indexOf(source)), repoId, filename, version, vector],
  )
