import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { checkExternalNames, inlineExternalData } from '../../src/onnx/external.ts'
import { readOnnxModel } from '../../src/onnx/model.ts'
import { canHoldEmpty } from '../../src/onnx/safety.ts'
import { withoutZipMap } from '../../src/onnx/zip-map.ts'
import { fileOf, modelOf, NAMES } from './fixture.ts'

const MUTANTS = 20_000
const LIMIT_MS = 50
const external = fileOf('external.bin')

/** Mulberry32: the same mutants on every run. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** A truncation, or up to four bytes changed, or a piece doubled or left out. */
function mutate(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  const kind = next(8)
  const at = next(bytes.length)
  if (kind === 0) return bytes.slice(0, at)
  if (kind === 1) return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - next(40)))])
  const mutant = bytes.slice()
  for (let i = 0; i <= kind % 4; i++) {
    const place = next(bytes.length)
    mutant[place] = next(2) === 0 ? next(256) : (mutant[place] as number) ^ (1 << next(8))
  }
  return mutant
}

/** Everything that is done to a model before ONNX Runtime sees it. */
function prepare(bytes: Uint8Array): void {
  const model = readOnnxModel(bytes)
  canHoldEmpty(model)
  checkExternalNames(model)
  inlineExternalData(withoutZipMap(bytes).bytes, () => external)
}

/** Milliseconds; throws what is no InferError of a bad model. */
function timeOf(bytes: Uint8Array): number {
  const start = performance.now()
  try {
    prepare(bytes)
  } catch (error) {
    if (!(error instanceof InferError) || error.code !== 'bad_model') throw error
  }
  return performance.now() - start
}

for (const [seed, name] of NAMES.entries()) {
  test(`${name}: ${MUTANTS} mutants are read or refused, each within ${LIMIT_MS} ms`, () => {
    const bytes = modelOf(name)
    const next = random(seed)
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = mutate(bytes, next)
      // A pause of the machine does not come twice.
      const took = timeOf(mutant) > LIMIT_MS ? timeOf(mutant) : 0
      assert.ok(took < LIMIT_MS, `mutant ${i} took ${took} ms: ${Buffer.from(mutant).toString('hex')}`)
    }
  })
}
