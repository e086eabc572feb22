import { type ChainRequest, readChainRequest } from '../codecs/chain-request.ts'
import { ritualDtypeOf } from '../codecs/ritual-vector.ts'
import { InferError } from '../errors.ts'
import type { Dialect } from '../runtime/engine.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { flatJson, nestedJson } from '../tensor/to-json.ts'
import type { Wording } from './answer.ts'
import type { DecodedRequest } from './request.ts'

interface ChainOptions {
  readonly array: 'sd59x18' | 'starter'
  readonly starterDecimals: number
  readonly dialect: Dialect
}

/** A chain payload as a request. `hex` without 0x. @throws InferError bad_request */
export function readChain(hex: string, options: ChainOptions): DecodedRequest & { echo: boolean } {
  const request = readChainRequest(hex, options)
  const model = modelOf(request)
  const tensors = [{ ...request.tensor, name: '' }]
  const wording = wordingOf(request, options.dialect)
  return { tensors, cast: 'float', wording, ...(model && { model }), echo: request.generation === 'g2' }
}

function wordingOf(request: ChainRequest, dialect: Dialect): Wording {
  if (request.generation === 'starter') return { profile: 'starter' }
  if (request.generation === 'g2') {
    return dialect === 'onnx'
      ? { profile: 'v1', list: true }
      : { profile: 'v1', list: false, dtypeName: request.dtypeName }
  }
  if (request.generation !== 'g3') return { profile: dialect === 'onnx' ? 'onnx' : 'classic' }
  const { outputArithmetic: arithmetic, outputDecimals: decimals } = request
  return { profile: 'v2', list: dialect === 'onnx', ...(arithmetic && { arithmetic }), ...(decimals && { decimals }) }
}

function modelOf(request: ChainRequest): Readonly<Record<string, unknown>> | undefined {
  if (request.generation === 'g3') return request.modelId && { model_id: request.modelId }
  if (request.generation !== 'g2') return undefined
  const { source, repoId, filename, version } = request
  if (repoId === '' && filename === '' && version === '') return undefined
  if (source === 'local') throw new InferError('bad_request', 'Invalid ModelSource: 0')
  return { model_source: source, load_args: { repo_id: repoId, filename, version } }
}

/** The same request as the `data` object of its generation, for workflows that take data. */
export function chainData({ tensors, wording, model }: DecodedRequest): unknown {
  const tensor = tensors[0] as Tensor
  const vector = (dtype: string, values: string): unknown =>
    JSON.parse(`{"dtype":${dtype},"shape":[${tensor.dims}],"values":${values}}`)
  if (wording.profile === 'v2') return { input: vector(`${ritualDtypeOf(tensor.dtype)}`, flatJson(tensor)), ...model }
  if (wording.profile === 'v1')
    return { input: vector(wording.list ? '"float"' : `"${wording.dtypeName}"`, nestedJson(tensor)), ...model }
  return JSON.parse(`{"dtype":"double","values":${nestedJson(tensor)}}`)
}
