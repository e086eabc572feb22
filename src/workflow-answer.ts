import { InferError } from './errors.ts'
import type { EngineReply } from './runtime/engine.ts'
import type { ResultHead } from './runtime/heads.ts'
import type { NamedTensor, Tensor } from './tensor/tensor.ts'
import type { InferenceOutput } from './workflow.ts'

/**
 * A workflow's answer as a reply: tensors stay tensors, whatever they are wrapped in; anything else must be sayable in
 * JSON, and a bare value is wrapped, since the node takes objects only.
 * @throws InferError bad_request beyond `limitBytes`; internal for a key that the node would misread
 */
export function toReply(answer: unknown, limitBytes: number): EngineReply {
  const output = toOutput(answer)
  if (output) {
    checkSize(output.outputs, limitBytes)
    return { head: headOf(output), tensors: output.outputs }
  }
  const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer)
  const json = isObject ? answer : { output: answer ?? null }
  if ('code' in json)
    throw new InferError(
      'internal',
      'the workflow answered with a key "code", which an Infernet node takes for a failure',
    )
  return { head: JSON.stringify({ json } satisfies ResultHead, jsonValue), tensors: [] }
}

function headOf({ classes, methods }: InferenceOutput): string {
  if (!classes && !methods) return ''
  return JSON.stringify({
    ...(classes && { classes: listText(classes) }),
    ...(methods && { methods }),
  } satisfies ResultHead)
}

const listText = (names: readonly unknown[]): string =>
  `[${names.map((name) => (Array.isArray(name) ? listText(name) : typeof name === 'bigint' ? `${name}` : JSON.stringify(name)))}]`

function checkSize(outputs: readonly Tensor[], limitBytes: number): void {
  let bytes = 0
  for (const { data } of outputs) bytes += Array.isArray(data) ? data.length : data.byteLength
  if (bytes <= limitBytes) return
  throw new InferError(
    'bad_request',
    `the answer takes ${bytes} bytes, more than this server gives (BODY_LIMIT_BYTES is ${limitBytes})`,
  )
}

function toOutput(answer: unknown): InferenceOutput | undefined {
  if (isTensor(answer)) return { outputs: [named(answer, 0)] }
  if (Array.isArray(answer) && answer.length > 0 && answer.every(isTensor)) return { outputs: answer.map(named) }
  const outputs = (answer as InferenceOutput | null | undefined)?.outputs
  return Array.isArray(outputs) && outputs.every(isTensor) ? (answer as InferenceOutput) : undefined
}

const named = (tensor: Tensor & { name?: string }, index: number): NamedTensor => ({
  ...tensor,
  name: tensor.name ?? `output_${index}`,
})

const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && 'dtype' in value && 'dims' in value && 'data' in value

const jsonValue = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  return Number.isNaN(value) ? null : String(value)
}
