import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Arithmetic,
  decodeRitualVector,
  encodeRitualVector,
  RITUAL_DTYPES,
} from '../../src/codecs/ritual-vector.ts'
import type { DType } from '../../src/tensor/dtype.ts'
import { pythonTensor, pythonValues, readVectors, refuses, sameTensor } from './check.ts'

interface Row {
  readonly name: string
  readonly dtype: number
  readonly shape: number[]
  readonly values: string[]
  readonly arithmetic: Arithmetic
  readonly scale: number
  readonly hex?: string
  readonly decoded: { readonly dtype: number; readonly shape: number[]; readonly values: string[] }
}

const { rows, skip } = readVectors<Row>('vectors_ritualvector_v2.json')

for (const { name, dtype, shape, values, arithmetic, scale, hex, decoded } of rows) {
  const tensor = pythonTensor(shape, values)
  const encoded = () => encodeRitualVector(tensor, { arithmetic, decimals: scale, ritualDtype: dtype })
  const title = `${name} ${arithmetic} ${scale}`

  if (hex === undefined) test(`upstream cannot encode ${title}`, () => refuses(encoded))
  else {
    test(`upstream encodes and decodes ${title}`, () => {
      assert.equal(encoded(), hex)
      const actual = decodeRitualVector(hex)
      const held = RITUAL_DTYPES[decoded.dtype] as DType
      sameTensor(actual, { dtype: held, dims: decoded.shape, values: pythonValues(held, decoded.values) })
      assert.deepEqual([actual.arithmetic, actual.scale, actual.ritualDtype], [arithmetic, scale, decoded.dtype])
      // In fixed point this need not hold: 1.038004 · 10^6 is below 1038004 in doubles.
      if (arithmetic === 'ieee')
        assert.equal(encodeRitualVector(actual, { arithmetic, decimals: scale, ritualDtype: dtype }), hex)
    })
  }
}

test('the vectors of upstream are there', { skip }, () => assert.equal(rows.length, 78))
