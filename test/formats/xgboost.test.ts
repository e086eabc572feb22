/** XGBoost's binary models are its JSON of the same models: what XGBoost 1.2 and 1.5 read in them. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { detect } from '../../src/formats/detect.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import type { Json } from '../../src/formats/json.ts'
import { attributesOf, bytesOf as bytesIn, isObject } from '../../src/formats/values.ts'
import { readXgboost } from '../../src/formats/xgboost.ts'
import { FIXTURES, SHARED, withoutShared } from '../support/paths.ts'
import { bytesOf, little } from './hostile.ts'
import { pickle, refused } from './refusals.ts'

const FOLDER = `${FIXTURES}formats/xgboost/`
const files = readdirSync(FOLDER)

/** What a booster's pickle holds, or a file that is a model itself. */
function modelIn(bytes: Uint8Array): Uint8Array {
  if (detect(bytes).format !== 'pickle') return bytes
  const { value } = readJoblib(bytes)
  assert.ok(isObject(value))
  return bytesIn(attributesOf(value).get('handle')) as Uint8Array
}

/** Numbers as float32, whether in JSON, a typed array or a text; a boolean is 0 or 1; without what the binary form lacks. */
function plain(value: Json | undefined): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(
      [...value]
        .filter(
          ([key]) =>
            !/^(version|leaf_child_counts|categories.*|split_type|feature_(names|types)|boost_from_average|boosted_rounds)$/.test(
              key,
            ),
        )
        .map(([key, item]): [string, unknown] => [key, plain(item)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as Json[], plain)
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'string' && Number.isNaN(Number(value)) ? value : Math.fround(Number(value))
}

/** Without the settings of the objective that 0.90 did not save. */
function learnerOf(model: ReadonlyMap<string, Json>, old: boolean): unknown {
  const learner = plain(model.get('learner')) as Record<string, Record<string, unknown>>
  return old ? { ...learner, objective: learner.objective?.name } : learner
}

describe('binary models are what XGBoost reads', () => {
  for (const name of files.filter((file) => !file.endsWith('.json'))) {
    test(name, () => {
      const bytes = readFileSync(FOLDER + name)
      const expected = readXgboost(readFileSync(`${FOLDER}${name}.json`))
      const old = name.startsWith('0.90')
      assert.deepEqual(learnerOf(readXgboost(modelIn(bytes)).model, old), learnerOf(expected.model, old))
    })
  }

  test('Base64 of one is the same', () => {
    const bytes = readFileSync(`${FOLDER}0.90-multi.bin`)
    const text = bytesOf('bs64\t', bytes.toString('base64'), '\n')
    assert.deepEqual(readXgboost(text), readXgboost(bytes))
  })

  test('every one is detected', () => {
    for (const name of files.filter((file) => file.endsWith('.bin')))
      assert.equal(detect(readFileSync(FOLDER + name)).format, 'xgboost', name)
  })
})

describe('models of the shared fixtures', { skip: withoutShared }, () => {
  const shared = `${SHARED}fixtures/xgboost/`
  for (const version of existsSync(shared) ? readdirSync(shared) : []) {
    test(`${version}: every form of a model is its JSON`, () => {
      for (const name of readdirSync(`${shared}${version}`).filter((file) => /\.(bin|ubj|booster\.pkl)$/.test(file))) {
        const read = readXgboost(modelIn(readFileSync(`${shared}${version}/${name}`)))
        const json = readXgboost(readFileSync(`${shared}${version}/${name.replace(/\..*/, '')}.json`))
        assert.deepEqual(learnerOf(read.model, false), learnerOf(json.model, false), name)
      }
    })
  }
})

describe('broken ones are refused', () => {
  const good = readFileSync(`${FOLDER}1.2-bin.bin`)
  const cut = (at: number): Uint8Array => good.subarray(0, at)
  const patched = (at: number, bytes: Uint8Array): Uint8Array => {
    const copy = Buffer.from(good)
    copy.set(bytes, at)
    return copy
  }
  const trees = 4 + 136 + 8 + 'binary:logistic'.length + 8 + 'gbtree'.length
  refused('cut in a tree', () => readXgboost(cut(900)), /^xgboost: \d+ nodes are claimed|claimed where/)
  refused('a billion trees', () => readXgboost(patched(trees, little(1e9, 4))), /1000000000 trees are claimed/)
  refused('-1 trees', () => readXgboost(patched(trees, little(-1, 4))), /-1 trees/)
  refused('a name of 2^60', () => readXgboost(patched(140, little(1n << 60n, 8))), /a length of/)
  refused('another booster', () => readXgboost(patched(trees - 6, bytesOf('gbtrex'))), /the booster "gbtrex"/)
  refused('what follows', () => readXgboost(bytesOf(good, 'x')), /1 bytes follow its end/)
  refused('Base64 that is none', () => readXgboost(bytesOf('bs64\t', 'a*b')), /other letters/)
  refused('JSON of something else', () => readXgboost(bytesOf('{"a": 1}')), /no learner/)
  pickle('a binary model for a pickle', good, /^pickle: /)
})
