/** Runs fitted estimators as the server does, for tests that compare them with what Python said. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { planOf } from '../../src/convert/plan.ts'
import { convertEstimator, type Form } from '../../src/convert/sklearn/convert.ts'
import type { Converted } from '../../src/convert/sklearn/converter.ts'
import { Estimator } from '../../src/convert/sklearn/estimator.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { densify } from '../../src/kernels/sparse.ts'
import { openPlan } from '../../src/models/run-plan.ts'
import type { Expr } from '../../src/onnx/expr.ts'
import type { HostValue, Scalar } from '../../src/tensor/host-value.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'

/** An array as the scripts that make fixtures write it: NaN is null, infinities are strings; a list of them too. */
export interface Recorded {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
}

export const readEstimator = (path: string): Estimator => new Estimator(readJoblib(readFileSync(path)).value, path)

/** The input of an estimator: a matrix of numbers, a table (rows of cells, columns named or not), or texts. */
export interface Input {
  readonly form: Form
  readonly rows: number
  readonly width: number
  readonly names?: readonly string[]
  readonly cells: readonly unknown[]
}

export const matrix = (recorded: Recorded): Input => ({
  form: 'matrix',
  rows: recorded.shape[0] as number,
  width: recorded.shape[1] ?? 1,
  cells: recorded.data,
})

type Answers = Map<string, HostValue | HostValue[]>

/** An estimator that is open: what each of its methods gives for an input of the form it was opened with. */
export interface OpenEstimator {
  run(input: Input): Promise<Answers>
  close(): Promise<void>
}

export async function openEstimator(model: Estimator, like: Input, methods: readonly string[]): Promise<OpenEstimator> {
  const { graph, made } = convertEstimator(model, like)
  const wanted = methods.map((method) => ({ method, values: valuesOf(made, method) }))
  const outputs = wanted.flatMap(({ method, values }) =>
    values.list.map((value, i) => ({ name: `${method}_${i}`, value })),
  )
  const open = await openPlan(planOf(graph, outputs))
  return {
    close: () => open.close(),
    run: async (input) => {
      const given = await open.run([hostValue(input)])
      const answers: Answers = new Map()
      let at = 0
      for (const { method, values } of wanted) {
        const mine = given.slice(at, at + values.list.length)
        at += values.list.length
        answers.set(method, values.isList ? mine : (mine[0] as HostValue))
      }
      return answers
    },
  }
}

/** What each of `methods` gives for the input: one value, or a list where Python gives one. */
export async function run(model: Estimator, input: Input, methods: readonly string[]): Promise<Answers> {
  const open = await openEstimator(model, input, methods)
  const answers = await open.run(input)
  await open.close()
  return answers
}

function valuesOf(made: Converted, method: string): { list: readonly Expr[]; isList: boolean } {
  const output = method === 'transform' ? made.transform?.value : made[method as 'predict']
  assert.ok(output, `there is no ${method}`)
  return Array.isArray(output) ? { list: output, isList: true } : { list: [output as Expr], isList: false }
}

function hostValue({ form, rows, width, cells }: Input): HostValue {
  if (form === 'matrix') return createTensor('float64', [rows, width], Float64Array.from(cells, numberOf))
  return { dtype: 'object', dims: form === 'texts' ? [rows] : [rows, width], data: cells as Scalar[] }
}

const numberOf = (cell: unknown): number => (cell === null ? Number.NaN : Number(cell))

export interface Tolerance {
  readonly rtol: number
  readonly atol: number
}

/** The stated precision: float64 relative, and what is near zero beside the largest value of the array. */
export const FLOAT64: Tolerance = { rtol: 1e-9, atol: 1e-12 }

/** @throws AssertionError that tells the first value that is not what Python gave */
export function assertEqual(ours: HostValue | HostValue[], theirs: unknown, what: string, tolerance = FLOAT64): void {
  if (Array.isArray(ours)) {
    const list = theirs as readonly unknown[]
    assert.ok(Array.isArray(list) && list.length === ours.length, `${what}: ${ours.length} outputs`)
    ours.forEach((value, i) => {
      assertEqual(value, list[i], `${what}[${i}]`, tolerance)
    })
    return
  }
  const { shape, data } = theirs as Recorded
  const tensor = (ours.dtype === 'sparse' ? densify(ours) : ours) as Tensor
  assert.deepEqual([...tensor.dims], [...shape], `${what}: shape`)
  data.forEach((value, i) => {
    const mine = (tensor.data as readonly unknown[])[i]
    if (!isClose(mine, value, tolerance)) assert.fail(`${what}: value ${i} is ${mine}, Python gave ${value}`)
  })
}

function isClose(ours: unknown, theirs: unknown, { rtol, atol }: Tolerance): boolean {
  if (typeof theirs === 'string' && typeof ours === 'string') return ours === theirs
  if (typeof theirs === 'boolean') return Boolean(ours) === theirs
  const [a, b] = [numberOf(ours), numberOf(theirs)]
  return Object.is(a, b) || a === b || Math.abs(a - b) <= atol + rtol * Math.abs(b)
}
