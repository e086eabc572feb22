/** Mutants of boosters' files are converted and run, or refused in a sentence; never anything else, nor slowly. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { planOf, type Slot } from '../../src/convert/plan.ts'
import { InferError } from '../../src/errors.ts'
import type { Format } from '../../src/formats/detect.ts'
import { readTableSource } from '../../src/models/table-source.ts'
import type { Expr } from '../../src/onnx/expr.ts'
import type { HostValue } from '../../src/tensor/host-value.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { fuzz, randomOf, readMutant } from '../formats/fuzz.ts'
import { boostingFiles } from './boosting-cases.ts'

const COUNT = Number(process.env.FUZZ_COUNT ?? 1500)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
/** Requests have columns that their clients send: a mutant that claims more than this is not asked. */
const MAX_WIDTH = 1000

const FORMATS: readonly (readonly [Format, RegExp])[] = [
  ['catboost', /catboost.*\.cbm$/],
  ['json', /(catboost|xgboost).*\.json$/],
  ['lightgbm', /lightgbm.*\.txt$/],
  ['ubjson', /xgboost.*\.ubj$/],
  ['xgboost', /xgboost.*\.bin$/],
]

/** As the server does, but all at once: boosters have kernels only. */
function convertAndRun(bytes: Uint8Array, format: Format): void {
  const { signature, convert } = readTableSource(bytes, format)
  const { width = 1, names } = signature
  if (width > MAX_WIDTH) return
  const { graph, made } = convert({ form: 'matrix', width, names })
  const outputs = Object.entries(made)
    .filter(([name]) => name !== 'classes' && name !== 'transform')
    .map(([name, value]) => ({ name, value: value as Expr }))
  const plan = planOf(graph, outputs)
  const values = new Map<Slot, HostValue>(plan.constants)
  const cells = Float64Array.from({ length: 2 * width }, (_, i) => (i % 3 === 0 ? Number.NaN : i))
  for (const { slot } of plan.inputs) values.set(slot, createTensor('float64', [2, width], cells))
  for (const stage of plan.stages) {
    if (stage.kind === 'onnx') return
    const answers = stage.run(...stage.inputs.map((slot) => values.get(slot) as HostValue))
    stage.outputs.forEach((slot, i) => {
      values.set(slot, answers[i] as HostValue)
    })
  }
}

/** Numbers that trees stumble over. */
const NASTY = [
  '-1',
  '0',
  '1',
  '2',
  '7',
  '255',
  '65536',
  '2147483647',
  '-2147483648',
  '4294967296',
  '1e308',
  '-1e400',
  'NaN',
  '0.5',
  '1e-40',
  '""',
  '[]',
  'null',
]

/** Texts with some of their numbers changed: such mutants get past the parser. */
function withOtherNumbers(text: string, random: (below: number) => number): string {
  const places = [...text.matchAll(/-?\d[\d.]*(e[+-]?\d+)?/gi)]
  let made = text
  const chosen = Array.from({ length: 1 + random(3) }, () => places[random(places.length)] as RegExpExecArray)
  for (const { 0: number, index } of chosen.sort((a, b) => b.index - a.index))
    made = made.slice(0, index) + NASTY[random(NASTY.length)] + made.slice(index + number.length)
  return made
}

describe('mutants of boosters are answered or refused', () => {
  for (const [format, pattern] of FORMATS) {
    test(format, (context) => {
      const seeds = boostingFiles(true)
        .filter(({ path }) => pattern.test(path))
        .map(({ path }) => readFileSync(path))
      const read = (bytes: Uint8Array): void => {
        try {
          convertAndRun(bytes, format)
        } catch (error) {
          // A mutant's columns may take no NaN.
          if (!(error instanceof InferError) || error.code !== 'bad_request') throw error
        }
      }
      for (const seed of seeds) read(seed)
      if (format === 'json' || format === 'lightgbm') {
        const random = randomOf(SEED)
        for (let i = 0; i < COUNT; i++) {
          const text = withOtherNumbers((seeds[random(seeds.length)] as Buffer).toString(), random)
          const { fault } = readMutant(read, Buffer.from(text))
          if (fault !== undefined) assert.fail(`number mutant ${i}: ${fault}`)
        }
      }
      const { finds, slowestMs, ...counts } = fuzz({ read, seeds }, COUNT, SEED)
      context.diagnostic(`${JSON.stringify(counts)}, at most ${slowestMs.toFixed(0)} ms`)
      assert.deepEqual(
        finds.map(({ fault }) => fault),
        [],
      )
    })
  }
})
