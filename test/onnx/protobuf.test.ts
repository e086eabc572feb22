import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { FieldReader } from '../../src/formats/protobuf.ts'
import { FieldWriter } from '../../src/formats/protobuf-writer.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** A cursor on the first field. */
function first(bytes: Uint8Array): FieldReader {
  const reader = new FieldReader(bytes)
  assert.equal(reader.next(), true)
  return reader
}

function refuses(bytes: string, message: RegExp, read: (reader: FieldReader) => unknown = (reader) => reader.raw()) {
  const walk = () => {
    const reader = new FieldReader(hex(bytes))
    while (reader.next()) read(reader)
  }
  assert.throws(
    walk,
    (error) => error instanceof InferError && error.code === 'bad_model' && message.test(error.message),
  )
}

// The guide's own examples: https://protobuf.dev/programming-guides/encoding
test('reads the examples of the protobuf guide', () => {
  assert.equal(first(hex('08 9601')).int64(), 150n)
  assert.equal(first(hex('12 07 74657374696e67')).text(), 'testing')
  const inner = first(hex('1a 03 089601')).message()
  assert.equal(inner.next() && inner.integer(), 150)
  assert.deepEqual([...first(hex('32 06 03 8e02 9ea705')).int64s()], [3n, 270n, 86942n])
  assert.equal(first(hex('08 feffffffffffffffff01')).int64(), -2n)
})

test('reads varints up to 64 bits', () => {
  for (const value of [0n, 127n, 128n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n, -(2n ** 63n)]) {
    const bytes = new FieldWriter().varint(1, value).finish()
    assert.equal(first(bytes).int64(), value)
    assert.deepEqual([...first(new FieldWriter().varints(1, [value, 7]).finish()).int64s()], [value, 7n])
  }
})

test('keeps the low 32 bits of an int32, as protobuf does', () => {
  assert.equal(first(new FieldWriter().varint(1, 2n ** 32n + 1n).finish()).int32(), 1)
  assert.equal(first(new FieldWriter().varint(1, -1).finish()).int32(), -1)
})

test('refuses an integer beyond 2^53 where a number is needed', () =>
  refuses('08 8180808080808010', /^protobuf: field 1 is 9007199254740993, beyond 2\^53 at byte 0$/, (r) => r.integer()))

test('takes a varint that is longer than it needs to be', () =>
  assert.equal(first(hex('08 96818000')).int64(), 22n + 128n))

test('reads and writes fixed32 and fixed64', () => {
  assert.equal(first(hex('0d 0000c03f')).float(), 1.5)
  assert.equal(first(hex('09 000000000000f83f')).double(), 1.5)
  assert.deepEqual(new FieldWriter().float(1, 1.5).double(1, 1.5).finish(), hex('0d 0000c03f 09 000000000000f83f'))
})

test('writes packed floats and doubles', () => {
  assert.deepEqual(new FieldWriter().floats(4, [1.5, -2]).finish(), hex('22 08 0000c03f 000000c0'))
  assert.deepEqual(new FieldWriter().doubles(10, new Float64Array([1.5])).finish(), hex('52 08 000000000000f83f'))
})

test('writes negative and 64-bit varints as two words complement', () => {
  assert.deepEqual(new FieldWriter().varint(1, -2).finish(), hex('08 feffffffffffffffff01'))
  assert.deepEqual(new FieldWriter().varint(1, 2n ** 63n).finish(), hex('08 80808080808080808001'))
  assert.deepEqual(new FieldWriter().varint(1, 2 ** 40).finish(), hex('08 808080808020'))
  assert.deepEqual(new FieldWriter().varint(536870911, 0).finish(), hex('f8ffffff0f 00'))
})

test('writes messages within messages, large and small', () => {
  const payload = new Uint8Array(100_000).map((_, i) => i)
  const inner = new FieldWriter().text(1, 'é').bytes(2, payload).varint(3, 7)
  const outer = new FieldWriter().varint(1, 1).message(2, new FieldWriter().message(9, inner)).text(3, 'end')
  assert.equal(outer.length, outer.finish().length)
  const reader = first(outer.finish())
  reader.next()
  const middle = reader.message()
  middle.next()
  const found = middle.message()
  found.next()
  assert.equal(found.text(), 'é')
  found.next()
  assert.deepEqual(found.bytes(), payload)
  found.next()
  assert.equal(found.integer(), 7)
  assert.equal(found.next(), false)
  reader.next()
  assert.equal(reader.text(), 'end')
})

test('answers views, not copies', () => {
  const bytes = hex('12 03 616263')
  assert.equal(first(bytes).bytes().buffer, bytes.buffer)
  assert.deepEqual(first(bytes).raw(), bytes)
})

test('reads from a view into a larger buffer', () => {
  const view = hex('ffff 12 03 616263 ff').subarray(2, 7)
  assert.equal(first(view).text(), 'abc')
  assert.equal(first(hex('ff 0d 0000c03f').subarray(1)).float(), 1.5)
})

test('keeps a byte order mark', () => assert.equal(first(hex('12 04 efbbbf61')).text(), '\ufeffa'))

test('has no fields in an empty message', () => assert.equal(new FieldReader(new Uint8Array(0)).next(), false))

test('refuses a cut-off key', () => refuses('80', /^protobuf: a varint is cut short at byte 0$/))
test('refuses a cut-off varint', () => refuses('0801 0880', /^protobuf: a varint is cut short at byte 2$/))
test('refuses a cut-off fixed64', () =>
  refuses('09 00', /^protobuf: field 1 claims 8 bytes where 1 are left at byte 0$/))
test('refuses a cut-off fixed32', () => refuses('0d', /claims 4 bytes where 0 are left/))
test('refuses a length past the end', () => refuses('12 05 6162', /^protobuf: field 2 claims 5 bytes where 2 are left/))
test('refuses a length of 2^63', () => refuses('12 80808080808080808001', /claims 9223372036854776000 bytes where 0/))
test('refuses a length past the end of its own message', () =>
  refuses('0a 02 1205 616263', /^protobuf: field 2 claims 5 bytes where 0 are left at byte 2$/, (reader) => {
    const inner = reader.message()
    while (inner.next()) inner.raw()
  }))
test('refuses a varint of eleven bytes', () => refuses('08 8080808080808080808001', /varint is longer than 64 bits/))
test('refuses a varint of 65 bits', () => refuses('08 80808080808080808002', /varint is longer than 64 bits/))
test('refuses a packed varint that runs over its end', () =>
  refuses('0a 01 80 01', /a varint is cut short at byte 0/, (reader) => [...reader.int64s()]))
test('refuses field number 0', () => refuses('02 00', /^protobuf: the key 2 names no field at byte 0$/))
test('refuses a field number over 29 bits', () => refuses('8080808010 00', /the key 4294967296 names no field/))
test('refuses groups', () => refuses('0b 0c', /^protobuf: field 1 has wire type start of group at byte 0$/))
test('refuses the end of a group', () => refuses('0c', /field 1 has wire type end of group/))
test('refuses wire type 6', () => refuses('0e', /field 1 has wire type type 6/))
test('refuses text that is no UTF-8', () => refuses('12 01 ff', /field 2 is no UTF-8 text at byte 0/, (r) => r.text()))
test('refuses a text over 64 KiB', () => {
  const reader = first(new FieldWriter().bytes(1, new Uint8Array(65_537)).finish())
  assert.throws(() => reader.text(), /field 1 has a text of 65537 bytes, over 65536 at byte 0/)
})
test('refuses a value of another wire type', () => {
  refuses('08 01', /^protobuf: field 1 has wire type varint, not bytes at byte 0$/, (r) => r.bytes())
  refuses('0a 00', /has wire type bytes, not varint/, (r) => r.int64())
  refuses('09 0000000000000000', /has wire type fixed64, not bytes/, (r) => [...r.int64s()])
})

test('refuses messages nested deeper than 100', () => {
  let message = new FieldWriter()
  for (let depth = 0; depth < 101; depth++) message = new FieldWriter().message(1, message)
  let reader = new FieldReader(message.finish())
  const dive = () => {
    while (reader.next()) reader = reader.message()
  }
  assert.throws(dive, /messages are nested deeper than 100/)
})
