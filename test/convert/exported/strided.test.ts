/** as_strided reads memory by strides: the expected numbers are those at the places that the strides say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Aten } from '../../../src/convert/aten/aten.ts'
import { operatorOf } from '../../../src/convert/aten/table.ts'
import { asStrided, type Layout } from '../../../src/convert/exported/strided.ts'
import { modelOf } from '../../../src/convert/plan.ts'
import { VERBS } from '../../../src/convert/script/interpreter.ts'
import { Library } from '../../../src/convert/script/library.ts'
import { Machine } from '../../../src/convert/script/machine.ts'
import { PyList } from '../../../src/convert/script/value.ts'
import { openSession } from '../../../src/runtime/session.ts'
import { createTensor } from '../../../src/tensor/tensor.ts'

interface Strided {
  readonly size: readonly number[]
  readonly stride: readonly number[]
  readonly offset?: number
}

/** The elements of memory, which is 0, 1, 2 …, that strides read. */
const places = ({ size, stride, offset = 0 }: Strided): number[] =>
  size.reduce<number[]>(
    (starts, length, axis) =>
      starts.flatMap((start) => Array.from({ length }, (_, i) => start + i * (stride[axis] as number))),
    [offset],
  )

const list = (numbers: readonly number[]): PyList => new PyList(numbers.map(BigInt))

async function read(from: Strided, to: Strided, layout: Partial<Layout> = {}): Promise<number[]> {
  const m = new Machine(new Aten(operatorOf), new Library(() => undefined), VERBS)
  const data = Float32Array.from(places(from))
  const x = m.t.input('x', 'float32', from.size)
  const args = [x, list(to.size), list(to.stride), to.offset === undefined ? null : BigInt(to.offset)]
  const y = asStrided(m, args, { strides: from.stride, offset: from.offset ?? 0, ...layout })
  const session = await openSession(modelOf(m.t.graph, [{ name: 'y', value: m.t.output(y) }]), {
    optimization: 'basic',
  })
  const [made] = await session.run(['x'], [{ ...createTensor('float32', from.size), data }])
  await session.close()
  assert.deepEqual(made?.dims, to.size)
  return [...(made?.data as Float32Array)]
}

const ROWS = { size: [2, 3, 4], stride: [12, 4, 1] }
const CHANNELS_LAST = { size: [2, 3, 2, 2], stride: [12, 1, 6, 3] }

describe('as_strided', () => {
  const cases: readonly (readonly [string, Strided, Strided])[] = [
    ['other sizes', ROWS, { size: [6, 4], stride: [4, 1] }],
    ['another order', ROWS, { size: [4, 2, 3], stride: [1, 12, 4] }],
    ['channels that lie last', CHANNELS_LAST, { size: [2, 3, 2, 2], stride: [12, 4, 2, 1] }],
    ['channels that lie last, as they lie', CHANNELS_LAST, { size: [4, 6], stride: [6, 1] }],
    [
      'strides of lengths of 1',
      { size: [2, 3, 1, 1], stride: [3, 1, 1, 1] },
      { size: [2, 3, 1, 1], stride: [3, 1, 3, 3] },
    ],
    ['the tensor’s own offset', { ...ROWS, offset: 5 }, { size: [24], stride: [1], offset: 5 }],
  ]
  for (const [name, from, to] of cases)
    test(name, async () => assert.deepEqual(await read(from, to), places({ offset: from.offset ?? 0, ...to })))

  const refused: readonly (readonly [string, Strided, Strided, Partial<Layout>?])[] = [
    ['elements that are read twice', ROWS, { size: [23, 2], stride: [1, 1] }],
    ['elements that are left out', ROWS, { size: [2, 3], stride: [12, 4] }],
    ['a tensor that does not lie densely', { size: [2, 3], stride: [4, 1] }, { size: [6], stride: [1] }],
    ['another offset', ROWS, { size: [24], stride: [1], offset: 1 }],
    ['strides that are not known', ROWS, { size: [24], stride: [1] }, { strides: [12, undefined, 1] }],
  ]
  for (const [name, from, to, layout] of refused)
    test(name, () =>
      assert.rejects(read(from, to, layout), {
        code: 'bad_model',
        message: /^as_strided to \[.*\] with other elements than its tensor has is not supported$/,
      }),
    )
})
