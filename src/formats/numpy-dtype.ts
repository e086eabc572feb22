import { broken } from './cursor.ts'
import { countElements } from './strided.ts'
import {
  bytesOf,
  countOf,
  countsOf,
  isTuple,
  itemsOf,
  kindOf,
  type NumpyDType,
  type NumpyField,
  pyObject,
  type Tuple,
  typeName,
  type Value,
} from './values.ts'

/**
 * numpy dtypes: their strings (`<f8`, `|S5`, `<M8[ns]`; https://numpy.org/doc/stable/reference/arrays.interface.html)
 * and the state that they pickle (`arraydescr_reduce` and `arraydescr_setstate` in numpy's descriptor.c).
 *
 * Limits on a file from a stranger: structures within structures, as reading them recurses; the number of fields, all
 * told, as structures can share structures; none is part of itself, as a dtype is complete before it is part of
 * another; fields overlap nowhere, since elements that lie a thousand times in the same byte would be an array of a
 * thousand times the size.
 */
const MAX_DEPTH = 16
const MAX_FIELDS = 4096
const MAX_ITEM_BYTES = 0x7fffffff

const SIZES: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 12, 16],
  c: [8, 16, 24, 32],
  m: [8],
  M: [8],
  O: [8, 4, 0],
}

const fail = (what: string): never => {
  throw broken('numpy', what)
}

/** A dtype of a string like `<f8`; `undefined` when there is none such. */
export function parseDType(text: string): NumpyDType | undefined {
  const match = /^([<>|=]?)([biufcmMOSUVa])(\d{0,10})(?:\[(\w{1,16})\])?$/.exec(text)
  if (match === null) return undefined
  const [, order, letter = '', digits, unit = ''] = match
  const size = Number(digits || (letter === 'O' ? 8 : 0))
  const known = SIZES[letter]
  if (known !== undefined && !known.includes(size)) return undefined
  const itemBytes = letter === 'U' ? 4 * size : size
  if (itemBytes > MAX_ITEM_BYTES) return undefined
  return {
    kind: 'dtype',
    letter: letter === 'a' ? 'S' : letter,
    itemBytes,
    bigEndian: order === '>',
    unit,
    fields: [],
    sub: undefined,
  }
}

/** `numpy.dtype('f8', False, True)`: what no array here needs (a class, a parametric dtype) stays a record. */
export function dtypeCall(args: readonly Value[]): Value {
  const text = args[0]
  return (typeof text === 'string' ? parseDType(text) : undefined) ?? pyObject('numpy.dtype', args)
}

/** The state of a dtype: (version, byte order, sub-array, names, fields, bytes, alignment, flags[, metadata]). */
export function dtypeBuild(self: Value, state: Value): Value {
  const dtype = self as NumpyDType
  const items = isTuple(state) ? state.items : []
  if (items.length < 6) fail(`the state of a dtype is ${typeName(state)}`)
  const [, order, sub, , fields, bytes] = items
  dtype.bigEndian = order === '>'
  if (typeof bytes === 'bigint' && bytes >= 0n) dtype.itemBytes = itemBytesOf(bytes, dtype)
  const names = itemsOf(items[3])
  if (complete.has(dtype)) fail('a dtype is given two states')
  if (isTuple(sub)) dtype.sub = subArray(sub, dtype)
  if (names !== undefined) dtype.fields = fieldsOf(names, fields, dtype)
  dtype.unit = unitOf(items[8]) ?? dtype.unit
  measure(dtype, dtype.sub === undefined ? dtype.fields.map((field) => field.dtype) : [dtype.sub.dtype])
  complete.add(dtype)
  return dtype
}

function itemBytesOf(bytes: bigint, { letter }: NumpyDType): number {
  const size = Number(bytes)
  const known = SIZES[letter]
  if (size > MAX_ITEM_BYTES || (known !== undefined && !known.includes(size)) || (letter === 'U' && size % 4 !== 0)) {
    return fail(`a dtype ${letter} of ${bytes} bytes`)
  }
  return size
}

function subArray(sub: Tuple, { itemBytes }: NumpyDType): NonNullable<NumpyDType['sub']> {
  const [base, dims] = sub.items
  const dtype = isDType(base) && complete.has(base) ? base : fail(`a sub-array of ${typeName(base)}`)
  const shape = typeof dims === 'bigint' ? [countOf(dims, 'numpy', 'a shape')] : countsOf(dims, 'numpy', 'a shape')
  if (countElements(shape, 'numpy') * dtype.itemBytes !== itemBytes) fail('a sub-array does not fill its dtype')
  return { dtype, shape }
}

function fieldsOf(names: readonly Value[], fields: Value | undefined, { itemBytes }: NumpyDType): NumpyField[] {
  if (!(fields instanceof Map)) return fail('a structure has names, but no fields')
  const list = names.map((name): NumpyField => {
    const [dtype, offset] = itemsOf(fields.get(name)) ?? []
    if (!isDType(dtype) || !complete.has(dtype)) return fail(`a field is ${typeName(dtype)}, not a complete dtype`)
    return { name: fieldName(name), dtype, offset: countOf(offset, 'numpy', 'the offset of a field') }
  })
  return checkFields(list, itemBytes)
}

/** Names are str; Python 2 wrote bytes. */
const fieldName = (name: Value): string =>
  typeof name === 'string'
    ? name
    : Buffer.from(bytesOf(name) ?? fail(`a field is named by ${typeName(name)}`)).toString('latin1')

/** The fields, if they lie within the item and apart. */
export function checkFields(fields: NumpyField[], itemBytes: number): NumpyField[] {
  if (new Set(fields.map(({ name }) => name)).size < fields.length) fail('two fields have one name')
  let end = 0
  for (const { name, dtype, offset } of [...fields].sort((a, b) => a.offset - b.offset)) {
    if (offset < end) fail(`the field ${name} overlaps another`)
    end = offset + dtype.itemBytes
  }
  if (end > itemBytes) fail(`the fields end at byte ${end} of ${itemBytes}`)
  return fields
}

/** How deep and how wide a dtype is. Those without parts are not listed. */
const extents = new WeakMap<NumpyDType, { readonly depth: number; readonly fields: number }>()
/** Those that have their state. */
const complete = new WeakSet<NumpyDType>()

function measure(dtype: NumpyDType, parts: readonly NumpyDType[]): void {
  let [depth, fields] = [0, 0]
  for (const part of parts) {
    const extent = extents.get(part) ?? { depth: 0, fields: 1 }
    depth = Math.max(depth, extent.depth + 1)
    fields += extent.fields
  }
  if (depth > MAX_DEPTH) fail(`structures are nested deeper than ${MAX_DEPTH}`)
  if (fields > MAX_FIELDS) fail(`a structure of ${fields} fields, more than ${MAX_FIELDS}`)
  if (parts.length > 0) extents.set(dtype, { depth, fields })
}

/** Metadata of times: (dict or None, (unit, number, 1, 1)). */
function unitOf(metadata: Value | undefined): string | undefined {
  const [unit, count] = itemsOf(itemsOf(metadata)?.[1]) ?? []
  const name =
    typeof unit === 'string' ? unit : unit instanceof Uint8Array ? Buffer.from(unit).toString('latin1') : undefined
  if (name === undefined || typeof count !== 'bigint') return undefined
  return count === 1n ? name : `${count}${name}`
}

export const isDType = (value: Value | undefined): value is NumpyDType => kindOf(value) === 'dtype'

/** The dtype of a `descr`: a string, or a list of (name, descr[, shape]) one after the other. */
export function dtypeOfDescription(description: Value | undefined, depth = 0): NumpyDType {
  if (depth > MAX_DEPTH) fail(`structures are nested deeper than ${MAX_DEPTH}`)
  if (typeof description === 'string') return parseDType(description) ?? fail(`a dtype ${description.slice(0, 40)}`)
  if (!Array.isArray(description)) return fail(`a dtype described by ${typeName(description)}`)
  const fields: NumpyField[] = []
  let offset = 0
  for (const field of description) {
    const [name, type, dims] = itemsOf(field) ?? []
    const base = dtypeOfDescription(type, depth + 1)
    const dtype = dims === undefined ? base : repeated(base, countsOf(dims, 'numpy', 'a shape'))
    // Unnamed bytes are padding.
    if (name !== '') fields.push({ name: nameOf(name), dtype, offset })
    offset += dtype.itemBytes
  }
  return { ...rawBytes(offset), fields: checkFields(fields, offset) }
}

/** A title may go with the name: (title, name). */
const nameOf = (name: Value | undefined): string => fieldName((isTuple(name) ? name.items[1] : name) ?? null)

const rawBytes = (itemBytes: number): NumpyDType => ({
  kind: 'dtype',
  letter: 'V',
  itemBytes: itemBytes <= MAX_ITEM_BYTES ? itemBytes : fail(`a dtype of ${itemBytes} bytes`),
  bigEndian: false,
  unit: '',
  fields: [],
  sub: undefined,
})

const repeated = (dtype: NumpyDType, shape: readonly number[]): NumpyDType => ({
  ...rawBytes(countElements(shape, 'numpy') * dtype.itemBytes),
  sub: { dtype, shape },
})
