/** Whatever is posted, the answer is a success without `code`, or a 4xx in the one shape; and the service goes on. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { encodeRitualVector } from '../../src/codecs/ritual-vector.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { encodeG3Request } from '../codecs/requests.ts'
import { FIXTURES } from '../support/paths.ts'
import { type Service, startService } from '../support/service.ts'

const ROUNDS = 1500
const AT_ONCE = 50

/** mulberry32: the same requests every time. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const vector = { dtype: 2, shape: [1, 3], values: [1.5, -2, 3] }
const hex = encodeG3Request({
  vector: encodeRitualVector(createTensor('float64', [1, 3], Float64Array.of(1, 2, 3)), {
    arithmetic: 'ieee',
    decimals: 18,
  }),
})
/** One good request of each kind, to be broken. */
const GOOD = [
  { source: 1, data: { dtype: 'double', values: [[1, 2, 3]] } },
  { source: 1, destination: 1, data: { input: vector, output_arithmetic: 'ieee', output_num_decimals: 6 } },
  { source: 1, destination: 0, data: { inputs: { x: vector } } },
  {
    source: 1,
    destination: 1,
    requires_proof: false,
    data: { input: { dtype: 'double', shape: [1, 3], values: [[1, 2, 3]] } },
  },
  { source: 1, data: { x: [[1, 2, 3]] } },
  { source: 1, data: { result: [vector] } },
  { source: 0, destination: 0, data: hex },
]
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  -0,
  2 ** 53,
  4294967296,
  '',
  ' ',
  '0x',
  'NaN',
  'Infinity',
  '1',
  'double',
  'x'.repeat(300),
  [],
  [[]],
  [[[]]],
  {},
  [null],
  [1, [2]],
  { dtype: 1 },
  [1e300],
  '\ud800',
  '__proto__',
]
const KEYS = [
  'dtype',
  'shape',
  'values',
  'input',
  'inputs',
  'data',
  'output',
  'method',
  'model_id',
  'load_args',
  'model_source',
  'source',
  'code',
  'constructor',
  '',
]

function mutate(value: unknown, next: () => number): unknown {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const visit = (node: unknown): unknown => {
    if (next() < 0.06) return pick(ODD)
    if (typeof node === 'string' && next() < 0.3) {
      const at = Math.floor(next() * node.length)
      return node.slice(0, at) + pick(['f', '0', 'g', '', '80']) + node.slice(at + Math.floor(next() * 3))
    }
    if (Array.isArray(node))
      return node.flatMap((item) => (next() < 0.05 ? [] : next() < 0.05 ? [visit(item), visit(item)] : [visit(item)]))
    if (typeof node !== 'object' || node === null) return node
    const entries = Object.entries(node).map(([key, item]) => [next() < 0.05 ? pick(KEYS) : key, visit(item)] as const)
    if (next() < 0.1) entries.push([pick(KEYS), pick(ODD)])
    return Object.fromEntries(entries)
  }
  return visit(value)
}

for (const workflow of ['TorchInferenceWorkflow', 'ONNXInferenceWorkflow']) {
  describe(`${ROUNDS} broken requests to ${workflow}`, () => {
    let service: Service
    before(async () => {
      const kwargs = JSON.stringify({ model_path: `${FIXTURES}onnx/rank1.onnx` })
      service = await startService({ CLASSIC_INF_WORKFLOW_CLASS: workflow, CLASSIC_INF_WORKFLOW_KW_ARGS: kwargs })
    })
    after(() => service.close())

    test('are answered in one of two ways', async () => {
      const next = random(20261121)
      const counts = { 200: 0, 400: 0 }
      for (let round = 0; round < ROUNDS; round += AT_ONCE) {
        const bodies = Array.from({ length: AT_ONCE }, (_, i) =>
          JSON.stringify(mutate(GOOD[(round + i) % GOOD.length], next)),
        )
        const answers = await Promise.all(bodies.map((body) => service.post(body)))
        for (const [i, { status, body, text }] of answers.entries()) {
          assert.ok(status === 200 || status === 400, `${status} ${text} to ${bodies[i]}`)
          counts[status as 200]++
          if (status === 200) assert.ok(!('code' in body) && text.startsWith('{'), `${text} to ${bodies[i]}`)
          else
            assert.deepEqual(
              [Object.keys(body), body.code],
              [['code', 'name', 'description'], '400'],
              `${text} to ${bodies[i]}`,
            )
        }
      }
      assert.ok(counts[200] > ROUNDS / 20 && counts[400] > ROUNDS / 4, JSON.stringify(counts))
      assert.equal(service.engine.status().restarts, 0)
    })
  })
}
