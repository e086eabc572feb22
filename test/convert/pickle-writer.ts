/** Writes pickles (protocol 3) of what tests need, so that files which no library would write can be tried. */

export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Plain[]
  | { readonly tuple: readonly Plain[] }
  /** `module.Name` */
  | { readonly global: string }
  | { readonly type: string; readonly state: Readonly<Record<string, Plain>> }
  /** A numpy array: of int64 where the numbers are bigints. */
  | { readonly shape: readonly number[]; readonly values: readonly number[] | readonly bigint[] }

export const object = (type: string, state: Readonly<Record<string, Plain>>): Plain => ({ type, state })

/** An array of one dimension, or of two. */
export function array(values: readonly number[] | readonly bigint[] | readonly (readonly number[])[]): Plain {
  const [first] = values
  if (!Array.isArray(first)) return { shape: [values.length], values: values as readonly number[] }
  return { shape: [values.length, first.length], values: (values as readonly (readonly number[])[]).flat() }
}

export const pickle = (value: Plain): Uint8Array => Uint8Array.from([0x80, 3, ...encode(value), ...op('.')])

const op = (text: string): number[] => [...Buffer.from(text, 'latin1')]

const word = (length: number): number[] => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(length)
  return [...bytes]
}

function encode(value: Plain): number[] {
  if (value === null) return op('N')
  if (typeof value === 'boolean') return [value ? 0x88 : 0x89]
  if (typeof value === 'bigint') return [...op('J'), ...word(Number(value))]
  if (typeof value === 'string') return [...op('X'), ...word(Buffer.byteLength(value)), ...Buffer.from(value)]
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return [...op('G'), ...bytes]
  }
  if ('global' in value) return globalOf(value.global)
  if ('type' in value) {
    const items = Object.entries(value.state).flatMap(([name, item]) => [...encode(name), ...encode(item)])
    return [...globalOf(value.type), ...op(')'), 0x81, ...op('}('), ...items, ...op('ub')]
  }
  if ('shape' in value) return arrayOf(value.shape, value.values)
  if ('tuple' in value) return tupleOf(value.tuple.map(encode))
  return [...op(']('), ...value.flatMap(encode), ...op('e')]
}

function globalOf(path: string): number[] {
  const at = path.lastIndexOf('.')
  return op(`c${path.slice(0, at)}\n${path.slice(at + 1)}\n`)
}

const tupleOf = (items: readonly (readonly number[])[]): number[] => [...op('('), ...items.flat(), ...op('t')]

const bytesOf = (bytes: Uint8Array): number[] => [...op('B'), ...word(bytes.length), ...bytes]

/** `numpy.core.multiarray._reconstruct(ndarray, (0,), b'b')`, then its state. */
function arrayOf(shape: readonly number[], values: readonly number[] | readonly bigint[]): number[] {
  const isWhole = typeof values[0] === 'bigint'
  const memory = isWhole
    ? BigInt64Array.from(values as readonly bigint[])
    : Float64Array.from(values as readonly number[])
  const arguments_ = tupleOf([globalOf('numpy.ndarray'), tupleOf([encode(0n)]), bytesOf(Buffer.from('b'))])
  const made = [...globalOf('numpy.core.multiarray._reconstruct'), ...arguments_, ...op('R')]
  const dtype = [
    ...globalOf('numpy.dtype'),
    ...tupleOf([encode(isWhole ? 'i8' : 'f8'), encode(false), encode(true)]),
    ...op('R'),
    ...tupleOf([3n, '<', null, null, null, -1n, -1n, 0n].map(encode)),
    ...op('b'),
  ]
  const dims = tupleOf(shape.map((length) => encode(BigInt(length))))
  const state = tupleOf([encode(1n), dims, dtype, encode(false), bytesOf(new Uint8Array(memory.buffer))])
  return [...made, ...state, ...op('b')]
}
