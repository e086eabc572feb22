/** Small files that Python wrote, and what Python reads in them (`fixtures/make/formats.py`). */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { detect } from '../../src/formats/detect.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { readNpy, readNpz } from '../../src/formats/npy.ts'
import { readSafetensors } from '../../src/formats/safetensors.ts'
import { readSkops } from '../../src/formats/skops.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { attributesOf, isObject, isTensor, type TorchTensor, type Value } from '../../src/formats/values.ts'
import { FIXTURES } from '../support/paths.ts'
import { describeTensor, describeValue, memoryOf } from './describe.ts'

const FOLDER = `${FIXTURES}formats/`
const files = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))
const bytesOf = (name: string): Uint8Array => readFileSync(FOLDER + name)
const expectedOf = (name: string): unknown => JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8'))
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('pickles and joblib files are what Python reads', () => {
  for (const name of files.filter((file) => /\.(pkl|joblib)$/.test(file))) {
    test(name, () => assert.deepEqual(plain(describeValue(readJoblib(bytesOf(name)).value)), expectedOf(name)))
  }
})

test('arrays in files beside are refused by their name', () =>
  assert.throws(
    () => readJoblib(readFileSync(`${FOLDER}refused/old-side.joblib`)),
    /an array is in the file "old-side.joblib_01.npy", as joblib 0.9 and older wrote them/,
  ))

describe('numpy files are what numpy reads', () => {
  for (const name of files.filter((file) => file.endsWith('.npy'))) {
    test(name, () => assert.deepEqual(plain(describeValue(readNpy(bytesOf(name)))), expectedOf(name)))
  }
  for (const name of files.filter((file) => file.endsWith('.npz'))) {
    test(name, () =>
      assert.deepEqual(plain(describeValue(new Map<Value, Value>(readNpz(bytesOf(name))))), expectedOf(name)),
    )
  }
})

test('safetensors are what its Python reads', () => {
  const { tensors, metadata } = readSafetensors(bytesOf('tensors.safetensors'))
  const read = [...tensors].map(([name, tensor]): [string, unknown] => {
    const { dtype, dims, data } = tensor.read()
    return [name, ['ndarray', dtype, dims, Buffer.from(memoryOf(data as Float64Array)).toString('hex')]]
  })
  const [, , pairs] = expectedOf('tensors.safetensors') as [string, string, [[string, string], unknown][]]
  const byName = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1)
  assert.deepEqual(
    plain(read.sort(byName)),
    pairs.map(([[, name], array]) => [name, array]),
  )
  assert.deepEqual([...metadata], [['format', 'np']])
})

test('skops is JSON and arrays', () => {
  const { schema, arrays } = readSkops(bytesOf('dict.skops'))
  assert.equal(schema.get('__class__'), 'dict')
  assert.deepEqual(
    [...arrays.values()].map(({ dtype, shape }) => [dtype, shape]),
    [['float64', [2, 3, 4]]],
  )
})

/** Every tensor in a value by the path of attributes and keys to it. */
function tensorsIn(value: Value, path: string, found: Map<string, TorchTensor>): Map<string, TorchTensor> {
  if (isTensor(value)) found.set(path, value)
  const inner = isObject(value) ? attributesOf(value) : value instanceof Map ? value : new Map<Value, Value>()
  for (const [key, item] of inner) tensorsIn(item, path === '' ? String(key) : `${path}.${String(key)}`, found)
  return found
}

describe('torch files are what torch reads', () => {
  for (const name of files.filter((file) => /\.(torch|pt)$/.test(file))) {
    test(name, () => {
      const tensors = tensorsIn(readTorch(bytesOf(name)).value, '', new Map())
      const named = [...tensors].map(([path, tensor]) => [
        path.replace(/_(parameters|buffers|modules)\./g, ''),
        describeTensor(tensor),
      ])
      const expected = expectedOf(name) as Record<string, unknown[]>
      const values = (tensor: unknown[]): unknown[] => (name.startsWith('module') ? tensor.slice(0, 4) : tensor)
      const read = Object.fromEntries(named.map(([path, tensor]) => [path, values(tensor as unknown[])]))
      assert.deepEqual(
        plain(read),
        Object.fromEntries(Object.entries(expected).map(([path, tensor]) => [path, values(tensor)])),
      )
    })
  }
})

test('TorchScript is data and text', () => {
  const script = readTorch(bytesOf('module.pt'))
  assert.equal(script.format, 'torchscript')
  assert.ok('code' in script && [...script.code.values()].some((text) => text.includes('def forward')))
})

test('one storage is shared by what shared it in torch', () => {
  const tensors = tensorsIn(readTorch(bytesOf('tensors.torch')).value, '', new Map())
  assert.equal(tensors.get('transposed')?.storage, tensors.get('sliced')?.storage)
  assert.deepEqual(tensors.get('transposed')?.strides, [1, 6])
})

test('every file is detected by its content', () => {
  const formats = new Map([
    ['pkl', ['pickle']],
    // An uncompressed joblib file begins as a pickle.
    ['joblib', ['joblib', 'pickle']],
    ['npy', ['npy']],
    ['npz', ['npz']],
    ['pt', ['torchscript']],
    ['safetensors', ['safetensors']],
    ['skops', ['skops']],
    ['torch', ['torch']],
  ])
  for (const name of files.filter((file) => !file.endsWith('.json'))) {
    const { format } = detect(bytesOf(name))
    assert.ok(formats.get(name.split('.').at(-1) ?? '')?.includes(format ?? ''), `${name} is ${format}`)
  }
})
