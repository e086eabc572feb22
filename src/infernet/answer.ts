/** The model's outputs in the words of the generation that asked (contract, sections 2.2-2.8 and 3). */
import { encodeSd59x18, encodeStarterArray } from '../codecs/fixed-array.ts'
import { type Arithmetic, encodeRitualVector, ritualDtypeOf } from '../codecs/ritual-vector.ts'
import { encodeTensorVector } from '../codecs/tensor-vector.ts'
import { InferError } from '../errors.ts'
import type { MethodOutputs, ResultHead } from '../runtime/heads.ts'
import { type NamedTensor, sizeOf, type Tensor } from '../tensor/tensor.ts'
import { flatJson, nestedJson, rowsJson } from '../tensor/to-json.ts'

/** How an answer is worded. `list`: every output in a `result` list, as the ONNX services do, else the first alone. */
export type Wording =
  | { readonly profile: 'classic' | 'starter' | 'onnx' }
  | { readonly profile: 'witness'; readonly input: Tensor }
  | { readonly profile: 'v1'; readonly list: true }
  | { readonly profile: 'v1'; readonly list: false; readonly dtypeName: string }
  | { readonly profile: 'v2'; readonly list: boolean; readonly arithmetic?: Arithmetic; readonly decimals?: number }

/** The JSON text of an answer that goes off chain. */
export function offChainAnswer(
  wording: Wording,
  outputs: readonly NamedTensor[],
  { classes, methods }: Pick<ResultHead, 'classes' | 'methods'> = {},
): string {
  const isVector = wording.profile === 'v1' || wording.profile === 'v2'
  if (methods && isVector) checkVector(outputs, methods)
  const body = methods && !isVector ? tableBody(outputs, methods) : BODIES[wording.profile](wording as never, outputs)
  return classes === undefined ? `{${body}}` : `{${body},"classes":${classes}}`
}

/** What a table model gave: rows, or rows for each method that was asked for. */
function tableBody(outputs: readonly NamedTensor[], methods: readonly MethodOutputs[]): string {
  let at = 0
  const bodies = methods.map(({ name, count }) => {
    const mine = outputs.slice(at, at + (count ?? 1))
    at += mine.length
    const rows = mine.map(rowsJson)
    return { name, rows: count === null ? (rows[0] as string) : `[${rows.join(',')}]` }
  })
  const [only] = bodies
  if (bodies.length === 1 && only) return `"data":${only.rows}`
  return `"outputs":{${bodies.map(({ name, rows }) => `${JSON.stringify(name)}:${rows}`).join(',')}}`
}

function checkVector(outputs: readonly NamedTensor[], [method]: readonly MethodOutputs[]): void {
  if (outputs.length > 1)
    throw new InferError('bad_request', `${method?.name} gives ${outputs.length} outputs; a vector answers one`)
  if (first(outputs).dtype === 'string')
    throw new InferError(
      'bad_request',
      `${method?.name} gives strings, which a vector cannot carry; ask for predict_proba, or send values`,
    )
}

const first = (outputs: readonly NamedTensor[]): NamedTensor => {
  const [tensor] = outputs
  if (!tensor) throw new InferError('internal', 'the workflow gave no output')
  return tensor
}

const BODIES: {
  readonly [profile in Wording['profile']]: (
    wording: Wording & { profile: profile },
    outputs: readonly NamedTensor[],
  ) => string
} = {
  classic: (_, outputs) => `"data":${classicRows(outputs)}`,
  witness: ({ input }, outputs) =>
    `"input_shapes":[[${input.dims.slice(1)}]],"input_data":[${flatJson(input)}],"output_data":${classicRows(outputs)}`,
  onnx: (_, outputs) => `"data":[${outputs.map(nestedJson).join(',')}]`,
  starter: (_, outputs) => `"output":${flatJson(firstRow(first(outputs)))}`,
  v1: (wording, outputs) =>
    wording.list
      ? `"result":[${outputs.map((tensor) => `{${vectorBody(`"${numpyName(tensor)}"`, tensor)}}`).join(',')}]`
      : vectorBody(`"${wording.dtypeName}"`, first(outputs)),
  v2: ({ list }, outputs) =>
    list
      ? `"result":[${outputs.map((tensor) => `{${vectorBody(ritualName(tensor), tensor)}}`).join(',')}]`
      : vectorBody(ritualName(first(outputs)), first(outputs)),
}

/** A tensor a row of its first axis; several tensors each as one flat row, as iterating a Python tuple gave. */
const classicRows = (outputs: readonly NamedTensor[]): string =>
  outputs.length === 1 ? rowsJson(first(outputs)) : `[${outputs.map(flatJson).join(',')}]`

const vectorBody = (dtype: string, tensor: Tensor): string =>
  `"dtype":${dtype},"shape":[${tensor.dims}],"values":${flatJson(tensor)}`
const numpyName = (tensor: Tensor): string => tensor.dtype

/** RitualVector has no number for strings. */
const ritualName = (tensor: Tensor): string =>
  tensor.dtype === 'string' ? '"string"' : `${ritualDtypeOf(tensor.dtype)}`

function firstRow(tensor: Tensor): Tensor {
  const dims = tensor.dims.slice(1)
  return { dtype: tensor.dtype, dims, data: tensor.data.slice(0, sizeOf(dims)) as Tensor['data'] }
}

/** The first output as hex, in the codec of the generation that asked: only one can be delivered. */
export function chainOutput(wording: Wording, outputs: readonly NamedTensor[], starterDecimals: number): string {
  const tensor = first(outputs)
  if (tensor.dtype === 'string')
    throw new InferError('bad_request', `the output '${tensor.name}' is a string, which cannot go on chain`)
  if (wording.profile === 'v2') {
    return encodeRitualVector(tensor, { arithmetic: wording.arithmetic ?? 'ieee', decimals: wording.decimals ?? 0 })
  }
  if (wording.profile === 'v1') return encodeTensorVector(tensor, wording.list ? undefined : wording.dtypeName)
  if (wording.profile === 'starter') return encodeStarterArray(firstRow(tensor), starterDecimals)
  return encodeSd59x18(tensor)
}

/** The five keys that the node delivers on chain, each hex. */
export const chainAnswer = (output: string, input: string, proof: string, prefix: string): string =>
  JSON.stringify({
    raw_input: hexOf(input, prefix),
    processed_input: hexOf('', prefix),
    raw_output: hexOf(output, prefix),
    processed_output: hexOf('', prefix),
    proof: hexOf(proof, prefix),
  })

/** A node that writes 0x reads an unprefixed string wrongly, so its empty ones are prefixed too. */
const hexOf = (hex: string, prefix: string): string => `${prefix}${hex}`
