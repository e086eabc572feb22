/** Golden samples: inputs and the outputs that the original library gave, beside the model file. */
import { existsSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { z } from 'zod'
import { InferError, messageOf, show } from '../errors.ts'
import type { Engine, Served } from '../runtime/engine.ts'
import type { InferHead } from '../runtime/heads.ts'
import { type DType, kindOf } from '../tensor/dtype.ts'
import { parseExactly } from '../tensor/exact-json.ts'
import { describe, type NamedTensor, type Tensor, valueAt } from '../tensor/tensor.ts'
import { Location } from './envelope.ts'
import { type JobOptions, readJob } from './job.ts'

const number = z.union([z.number(), z.bigint().transform(Number)])

/** `MODEL.samples.json`; the reference page `samples-and-tables` fixes it. */
const Samples = z.object({
  made_with: z.record(z.string(), z.unknown()).optional(),
  samples: z.array(
    z.object({
      input: z.record(z.string(), z.unknown()),
      outputs: z.record(z.string(), z.unknown()),
      rtol: number.optional(),
      atol: number.optional(),
    }),
  ),
})
type Sample = z.infer<typeof Samples>['samples'][number]

/** How one method of one sample came out. */
export interface Comparison {
  readonly sample: number
  readonly method: string
  /** The largest absolute difference; 0 for equal labels. */
  readonly difference: number
  /** Why it does not pass, or undefined. */
  readonly failure: string | undefined
}

/** The samples file of a model: `model.onnx.samples.json`, or `model.samples.json`. */
export const samplesPath = (modelPath: string): string | undefined =>
  [
    `${modelPath}.samples.json`,
    `${modelPath.slice(0, modelPath.length - extname(modelPath).length)}.samples.json`,
  ].find((path) => existsSync(path))

/**
 * Runs every sample through the engine, as if it had been posted.
 * @throws InferError bad_model when the samples file itself is not readable
 */
export async function checkSamples(path: string, engine: Engine, options: JobOptions): Promise<Comparison[]> {
  const samples = readSamples(path)
  const served = await engine.served()
  const comparisons: Comparison[] = []
  for (const [index, sample] of samples.entries()) {
    for (const [method, expected] of Object.entries(sample.outputs)) {
      comparisons.push({
        sample: index,
        method,
        ...(await checkOne(sample, method, expected, { engine, served, options })),
      })
    }
  }
  return comparisons
}

/** Whether a samples file speaks of a Torch module's `forward` rather than of a graph's outputs. */
export const usesForward = (path: string): boolean => readSamples(path).some(({ outputs }) => 'forward' in outputs)

function readSamples(path: string): Sample[] {
  try {
    return Samples.parse(parseExactly(readFileSync(path, 'utf8'))).samples
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0] : messageOf(error)
    throw new InferError('bad_model', `the golden samples ${path} cannot be read: ${reason}`)
  }
}

interface Means {
  readonly engine: Engine
  readonly served: Served
  readonly options: JobOptions
}

type Outcome = Pick<Comparison, 'difference' | 'failure'>

async function checkOne(
  sample: Sample,
  method: string,
  expected: unknown,
  { engine, served, options }: Means,
): Promise<Outcome> {
  try {
    const byOutput = served.outputs.includes(method) || (served.dialect === 'onnx' && method !== 'forward')
    const data = byOutput || method === 'forward' ? sample.input : { ...sample.input, method }
    const job = await readJob({ source: Location.OFFCHAIN, data }, undefined, served, options)
    const head = JSON.stringify({ ...(JSON.parse(job.request.head) as InferHead), golden: true } satisfies InferHead)
    const { tensors } = await engine.infer({ ...job.request, head })
    if (!byOutput) return compareAll(tensors, tensors.length > 1 ? (expected as unknown[]) : [expected], sample)
    const tensor = tensors.find(({ name }) => name === method)
    if (!tensor)
      return failed(`the model has no output '${method}'; it has ${tensors.map(({ name }) => name).join(', ')}`)
    return compareAll([tensor], [expected], sample)
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    return failed(error.message)
  }
}

const failed = (failure: string): Outcome => ({ difference: Number.POSITIVE_INFINITY, failure })

function compareAll(tensors: readonly NamedTensor[], expected: readonly unknown[], sample: Sample): Outcome {
  const outcomes = tensors.map((tensor, i) => compare(tensor, expected[i], sample))
  const difference = Math.max(...outcomes.map((outcome) => outcome.difference))
  return { difference, failure: outcomes.find(({ failure }) => failure)?.failure }
}

/** `|ours - theirs| <= atol + rtol * |theirs|`, and equal for what is no float. */
function compare(tensor: Tensor, expected: unknown, sample: Sample): Outcome {
  const theirs = flatten(expected)
  if (theirs.length !== tensor.data.length)
    return failed(`${theirs.length} values are expected, the model gave ${describe(tensor)}`)
  const { rtol, atol } = toleranceOf(tensor.dtype, sample)
  let difference = 0
  let failure: string | undefined
  for (let i = 0; i < theirs.length; i++) {
    const ours = valueAt(tensor, i)
    const apart = distance(ours, theirs[i])
    if (apart > difference) difference = apart
    const allowed = kindOf(tensor.dtype) === 'float' ? atol + rtol * Math.abs(toNumber(theirs[i])) : 0
    if (!(apart <= allowed) && apart !== 0) failure ??= `value ${i} is ${show(ours)}, expected ${show(theirs[i])}`
  }
  return { difference, failure }
}

const flatten = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flatten) : [value])

/** 0 when equal (NaN equals NaN, an infinity itself), else how far apart, infinity where that has no measure. */
function distance(ours: unknown, theirs: unknown): number {
  if (typeof ours === 'string' || typeof ours === 'boolean') return ours === theirs ? 0 : Number.POSITIVE_INFINITY
  if (typeof ours === 'bigint' && typeof theirs === 'bigint')
    return Number(ours > theirs ? ours - theirs : theirs - ours)
  const [a, b] = [Number(ours), toNumber(theirs)]
  if (Object.is(a, b) || a === b) return 0
  const apart = Math.abs(a - b)
  return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart
}

const toNumber = (value: unknown): number => (value === null ? Number.NaN : Number(value))

/** Defaults by the dtype of the computation. */
const TOLERANCES: Partial<Record<DType, { rtol: number; atol: number }>> = {
  float64: { rtol: 1e-9, atol: 1e-12 },
  float32: { rtol: 1e-5, atol: 1e-6 },
  float16: { rtol: 1e-3, atol: 1e-3 },
}

function toleranceOf(dtype: DType, { rtol, atol }: Sample): { rtol: number; atol: number } {
  const byDefault = TOLERANCES[dtype] ?? { rtol: 0, atol: 0 }
  return { rtol: rtol ?? byDefault.rtol, atol: atol ?? byDefault.atol }
}
