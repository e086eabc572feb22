/** torch.tensor(values, dtype) as torch 1.13 and 2.13 answered it; '' stands for what they refuse. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import type { DType } from '../../src/tensor/dtype.ts'
import { parseExactly } from '../../src/tensor/exact-json.ts'
import { fromFlat, fromNested, inferDtype, LossyNumber } from '../../src/tensor/from-json.ts'
import { nestedJson } from '../../src/tensor/to-json.ts'
import { SHARED, withoutShared } from '../support/paths.ts'

const read = (text: string, dtype: DType | null): string => {
  const values = parseExactly(text)
  return nestedJson(fromNested(values, dtype ?? inferDtype(values), 'values', 'exact'))
}

/** [input, dtype, output]. */
const CASES: readonly (readonly [string, DType | null, string])[] = [
  ['[1.9,-1.9]', 'int8', '[1,-1]'],
  ['[1.9,-1.9]', 'uint8', ''],
  ['[300]', 'uint8', ''],
  ['[true]', 'uint8', '[1]'],
  ['[2147483648]', 'int32', ''],
  ['[2147483648]', 'int64', '[2147483648]'],
  ['[9223372036854775807]', 'int64', '[9223372036854775807]'],
  ['[9223372036854775808]', 'int64', ''],
  ['[1e18]', 'int64', '[1000000000000000000]'],
  ['[1e20]', 'int64', ''],
  ['[70000.0]', 'float16', '["Infinity"]'],
  ['[1e39]', 'float32', '["Infinity"]'],
  ['[9223372036854775808]', 'float32', '[9223372036854776000.0]'],
  ['[9223372036854775808]', null, ''],
  ['[0.0,-0.0,1.5]', 'bool', '[false,false,true]'],
  ['[16777217]', 'float32', '[16777216.0]'],
  ['[1.1]', 'bfloat16', '[1.1015625]'],
  ['[1,2.5]', null, '[1.0,2.5]'],
  ['[1,2]', null, '[1,2]'],
  ['[1.0,2.0]', null, '[1.0,2.0]'],
  ['[true,2]', null, '[1,2]'],
  ['[true,false]', null, '[true,false]'],
  ['[]', null, '[]'],
  ['[[],[]]', 'float32', '[[],[]]'],
  ['3', null, '3'],
  ['[[1,2],[3]]', 'float32', ''],
  ['[[1],2]', 'float32', ''],
  ['[1,[2]]', 'float32', ''],
  ['[null]', 'float32', ''],
  ['["1"]', 'float32', ''],
  ['{"a":1}', 'float32', ''],
]

describe('the rules of torch', () => {
  for (const [input, dtype, output] of CASES) {
    test(`${input} as ${dtype ?? 'inferred'} is ${output || 'refused'}`, () => {
      if (output === '') assert.throws(() => read(input, dtype), InferError)
      else assert.equal(read(input, dtype), output)
    })
  }
})

/** `[1.9, -1.9] torch.int8 -> [1, -1] torch.int8 (2,)`, a row a case. */
const RECORDED = /^(.+) (torch\.\w+|None) -> (.+)$/
const NAMES: Record<string, DType> = {
  'torch.bfloat16': 'bfloat16',
  'torch.float16': 'float16',
  'torch.float32': 'float32',
}
/** Rows that differ on purpose: uint8 does not wrap; what JSON cannot write is not asked. */
const SKIPPED = /^\[-1\] torch\.uint8|nan|1j|^abc|^None|^\{'a'|^\['1'\]/

describe('the recorded conversions', { skip: withoutShared }, () => {
  for (const version of ['1.13', '2.13']) {
    const lines = withoutShared
      ? []
      : readFileSync(`${SHARED}reference/vectors/torch_tensor_conversion_${version}.txt`, 'utf8').split('\n')
    for (const line of lines) {
      const [, input, name, output] = RECORDED.exec(line) ?? []
      if (!input || !name || !output || SKIPPED.test(line)) continue
      test(`torch ${version}: ${line}`, () => {
        const text = input.replaceAll('True', 'true').replaceAll('False', 'false').replaceAll('None', 'null')
        const dtype = name === 'None' ? null : (NAMES[name] ?? (name.slice('torch.'.length) as DType))
        const [, values] = /^(.*) torch\.\w+ \(.*\)$/.exec(output) ?? []
        if (values === undefined) return assert.throws(() => read(text, dtype), InferError)
        const expected = values.replaceAll('True', 'true').replaceAll('False', 'false').replaceAll('inf', '"Infinity"')
        assert.deepEqual(JSON.parse(read(text, dtype)), JSON.parse(expected))
      })
    }
  }
})

test('digits that JSON.parse drops are asked for again, not guessed', () => {
  const parsed = JSON.parse('[9007199254740993]')
  assert.throws(() => fromNested(parsed, 'int64', 'values', 'parsed'), LossyNumber)
  assert.throws(() => fromFlat(parsed, { dtype: 'uint64', dims: [1] }, 'values', 'parsed'), LossyNumber)
  assert.deepEqual(
    fromNested(JSON.parse('[9007199254740991]'), 'int64', 'values', 'parsed').data,
    BigInt64Array.of(9007199254740991n),
  )
})

test('a path names the element', () => {
  const message = (values: unknown, dtype: DType): string => {
    try {
      fromNested(values, dtype, 'data.values', 'parsed')
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  assert.equal(
    message(
      [
        [1, 2],
        [3, null],
      ],
      'float32',
    ),
    'data.values[1][1] must be a number; it is null',
  )
  assert.equal(message([[1, 2], [3]], 'float32'), 'data.values[1] must have 2 items, as its siblings have; it has 1')
  assert.equal(message([1, 200], 'int8'), 'data.values[1] = 200 does not fit int8 (-128 to 127)')
})
