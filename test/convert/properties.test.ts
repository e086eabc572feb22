/** What holds for every estimator: rows do not know of each other, runs do not, and the file's format does not matter. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { converterOf } from '../../src/convert/sklearn/table.ts'
import { densify } from '../../src/kernels/sparse.ts'
import type { HostValue } from '../../src/tensor/host-value.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { ROOT } from '../support/paths.ts'
import { type Input, matrix, type OpenEstimator, openEstimator, type Recorded, readEstimator } from './estimators.ts'
import { fixtures } from './fixture-files.ts'

const RELATIVE = 1e-12

/** Estimators whose rows do know of each other, in Python too. */
const BATCHED: Readonly<Record<string, string>> = {
  'sklearn.decomposition.MiniBatchNMF': 'starts from the mean of all rows, and stops when they all have converged',
  'sklearn.decomposition.NMF': 'starts from the mean of all rows, and stops when they all have converged',
}
const rowsOf = ({ rows, cells, ...input }: Input): Input[] => {
  const width = cells.length / rows
  return Array.from({ length: rows }, (_, row) => ({
    ...input,
    rows: 1,
    cells: cells.slice(row * width, (row + 1) * width),
  }))
}

type Answers = Awaited<ReturnType<OpenEstimator['run']>>

/** Every number, label or text of an answer, by output. */
function flat(answers: Answers, method: string): (readonly unknown[])[] {
  const value = answers.get(method) as HostValue | HostValue[]
  return (Array.isArray(value) ? value : [value]).map((output) =>
    Array.from((output.dtype === 'sparse' ? densify(output) : (output as Tensor)).data as readonly unknown[]),
  )
}

function assertClose(ours: readonly unknown[], theirs: readonly unknown[], what: string): void {
  assert.equal(ours.length, theirs.length, what)
  const largest = theirs.reduce<number>((most, value) => {
    const size = typeof value === 'number' && Number.isFinite(value) ? Math.abs(value) : 0
    return Math.max(most, size)
  }, 1)
  theirs.forEach((value, i) => {
    const mine = ours[i]
    if (Object.is(mine, value) || mine === value) return
    const difference = Math.abs(Number(mine) - Number(value))
    if (!(difference <= RELATIVE * largest)) assert.fail(`${what}: value ${i} is ${mine}, not ${value}`)
  })
}

describe('a batch is its rows, and a second run the first', () => {
  for (const { release, family, name, path, input, outputs } of fixtures()) {
    test(`scikit-learn ${release}: ${family} ${name}`, async () => {
      const model = readEstimator(path)
      const methods = Object.keys(outputs)
      const open = await openEstimator(model, input, methods)
      const [whole, again] = [await open.run(input), await open.run(input)]
      const single: Answers[] = []
      if (BATCHED[model.type] === undefined) for (const row of rowsOf(input)) single.push(await open.run(row))
      await open.close()
      for (const method of methods) {
        assert.deepEqual(flat(again, method), flat(whole, method), method)
        if (single.length > 0) assertRows(method, single, whole)
      }
    })
  }
})

function assertRows(method: string, single: readonly Answers[], whole: Answers): void {
  flat(whole, method).forEach((values, output) => {
    const each = single.flatMap((answers) => flat(answers, method)[output] ?? [])
    assertClose(each, values, method)
  })
}

const SHARED = join(ROOT, '../shared/fixtures/sklearn')

describe('protocols and codecs do not matter', () => {
  for (const release of existsSync(SHARED) ? readdirSync(SHARED).sort() : []) {
    const files = readdirSync(join(SHARED, release)).filter((file) => /^fmt[._]/.test(file))
    const [first] = files
    if (first === undefined) continue
    const { type } = readEstimator(join(SHARED, release, first))
    const skip = converterOf.has(type) ? false : `${type} is not converted`
    test(`scikit-learn ${release}: ${files.length} files of one ${type}`, { skip }, async () => {
      const expected = readFileSync(join(SHARED, release, 'expected.json'), 'utf8')
      const recorded = Object.values(JSON.parse(expected) as Record<string, Record<string, Recorded>>)
      const width = readEstimator(join(SHARED, release, first)).number(['n_features_in_', 'n_features_'])
      const x = recorded.map(({ X }) => X).find((candidate) => candidate?.shape[1] === width)
      assert.ok(x)
      const methods = ['predict', 'predict_proba']
      const answers: unknown[] = []
      for (const file of files) {
        const open = await openEstimator(readEstimator(join(SHARED, release, file)), matrix(x), methods)
        const given = await open.run(matrix(x))
        await open.close()
        answers.push(methods.map((method) => flat(given, method)))
      }
      for (const answer of answers) assert.deepEqual(answer, answers[0])
    })
  }
})
