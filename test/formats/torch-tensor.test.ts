/** Windows on storages, as row-major tensors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import type { TorchTensor } from '../../src/formats/values.ts'

const NUMBERS = Float32Array.of(0, 1, 2, 3, 4, 5)

/** A window on six floats that begin at a byte of a file. */
function windowAt(byte: number, shape: readonly number[], strides: readonly number[], offset = 0): TorchTensor {
  const file = new Uint8Array(64)
  file.set(new Uint8Array(NUMBERS.buffer), byte)
  const bytes = file.subarray(byte, byte + NUMBERS.byteLength)
  const storage = { kind: 'storage', key: '0', dtype: 'float32', location: 'cpu', bytes } as const
  return { kind: 'tensor', dtype: 'float32', shape, strides, offset, storage, requiresGrad: false, parameter: false }
}
const numbersOf = (tensor: TorchTensor): number[] => [...(contiguous(tensor).data as Float32Array)]

test('floats that lie row by row are those of the file', () => {
  const tensor = windowAt(8, [2, 2], [2, 1], 1)
  const { data } = contiguous(tensor)
  assert.deepEqual([...(data as Float32Array)], [1, 2, 3, 4])
  assert.equal((data as Float32Array).buffer, tensor.storage.bytes.buffer)
})

test('floats between the places of floats are copied', () => {
  assert.deepEqual(numbersOf(windowAt(7, [2, 2], [2, 1], 1)), [1, 2, 3, 4])
})

test('other strides are gathered', () => {
  assert.deepEqual(numbersOf(windowAt(8, [3, 2], [1, 3])), [0, 3, 1, 4, 2, 5])
  assert.deepEqual(numbersOf(windowAt(8, [2, 2], [0, 1], 4)), [4, 5, 4, 5])
  assert.deepEqual(numbersOf(windowAt(8, [0, 2], [2, 1], 0)), [])
})
