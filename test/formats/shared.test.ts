/** Every file of the shared fixtures reads, whatever its version, protocol and codec. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { detect } from '../../src/formats/detect.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { readJson } from '../../src/formats/json.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { readXgboost } from '../../src/formats/xgboost.ts'
import { readZip } from '../../src/formats/zip.ts'
import { SHARED, withoutShared } from '../support/paths.ts'

const FOLDER = `${SHARED}fixtures/`
const files = existsSync(FOLDER)
  ? readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => !file.includes('onnx'))
  : []
const LAX = { format: 'json', nonFinite: true }

/** torch 2.6 wrote a zip of JSON and of zips; later ones raw weights. */
function readPt2(bytes: Uint8Array): void {
  for (const { name, read } of readZip(bytes).values()) {
    const content = read()
    if (name.endsWith('.json')) readJson(content, LAX)
    else if (name.endsWith('.pt') && content.length > 0) readTorch(content)
  }
}

const READERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  bin: readXgboost,
  joblib: readJoblib,
  json: (bytes) => readJson(bytes, LAX),
  pkl: readJoblib,
  pt: readTorch,
  pt2: readPt2,
  torch: readTorch,
  ubj: readXgboost,
}

/** What torch leaves when it cannot pickle: a zip with no object in it. */
const unfinished = /torch\/sk2_(pipe2?|pipe_reg|stack)\.torch$/

describe('shared fixtures', { skip: withoutShared }, () => {
  for (const [extension, read] of Object.entries(READERS)) {
    const named = files.filter((file) => file.endsWith(`.${extension}`) && !unfinished.test(file))
    test(`all ${named.length} .${extension}`, () => {
      for (const file of named) {
        const bytes = readFileSync(FOLDER + file)
        assert.doesNotThrow(() => read(bytes), file)
      }
    })
  }

  test('zips that torch did not finish are refused in a sentence', () => {
    for (const file of files.filter((name) => unfinished.test(name))) {
      const bytes = readFileSync(FOLDER + file)
      assert.throws(() => readTorch(bytes), new InferError('bad_model', 'torch: the zip has no data.pkl'))
      assert.match(detect(bytes).reason, /did not finish/)
    }
  })

  test('every file is detected', () => {
    for (const file of files.filter((name) => /\.(bin|pkl|joblib|torch|pt|pt2|ubj|json)$/.test(name))) {
      const bytes = readFileSync(FOLDER + file)
      if (unfinished.test(file)) continue
      assert.notEqual(detect(bytes).format, undefined, file)
    }
  })
})
