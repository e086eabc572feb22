import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as abi from '../../src/codecs/abi.ts'
import { padded, refuses, words } from './check.ts'

const LAST = 2n ** 256n - 1n

/** One field of `type` in `hex` is refused for what `says`. */
const refused = (
  type: 'uint8' | 'int32' | 'bool' | 'uint16[]' | 'bool[]' | 'bytes' | 'string',
  hex: string,
  says: RegExp,
) => test(`${type} refuses ${says.source}`, () => refuses(() => abi.decode([type], hex), says))

test('a tuple is written as Solidity writes it', () => {
  const hex = abi.encode(['uint8', 'int32', 'bool', 'bytes', 'string'], [1n, -2n, 1n, 'abcd', 'é'])
  const tails = `${words(2)}abcd${'0'.repeat(60)}${padded('é')}`
  assert.equal(hex, words(1, -2, 1, 0xa0, 0xe0) + tails)
  assert.deepEqual(abi.decode(['uint8', 'int32', 'bool', 'bytes', 'string'], hex), [1n, -2n, 1n, 'abcd', 'é'])
})

test('an array of every width comes back', () => {
  const ends = [-(2n ** 255n), 0n, 2n ** 255n - 1n]
  assert.deepEqual(abi.decode(['int256[]'], abi.encode(['int256[]'], [ends])), [ends])
})

test('trailing bytes are tolerated', () => assert.deepEqual(abi.decode(['uint8'], `${words(7)}ff`), [7n]))
test('a prefix of a tuple decodes', () => assert.deepEqual(abi.decode(['uint8'], words(7, LAST)), [7n]))
test('two fields may share a tail', () =>
  assert.deepEqual(abi.decode(['bytes', 'bytes'], words(0x40, 0x40, 0)), ['', '']))
test('the empty string has no padding', () => assert.deepEqual(abi.decode(['string'], words(0x20, 0)), ['']))
test('a byte order mark is kept', () =>
  assert.deepEqual(abi.decode(['string'], words(0x20) + padded('\ufeffa')), ['\ufeffa']))

test('what does not fit is not written', () => {
  refuses(() => abi.encode(['uint8'], [256n]), /^256 cannot go on chain as uint8$/)
  refuses(() => abi.encode(['int8[]'], [[-129n]]), /^-129 cannot go on chain as int8$/)
})

refused('uint8', '', /it has 0 bytes, and 1 fields take 32/)
refused('uint8', words(1).slice(2), /it has 31 bytes/)
refused('uint8', words(256), /^the chain payload is not \(uint8\): field 1 \(uint8\) holds 256$/)
refused('uint8', words(-1), /holds 115792/)
refused('int32', words(2n ** 31n), /holds 2147483648/)
refused('int32', words(-(2n ** 31n) - 1n), /holds -2147483649/)
refused('bool', words(2), /holds 2/)
refused('bool[]', words(0x20, 2, 1, LAST), /holds 115792/)
refused('uint16[]', words(0x20, 1, 65536), /holds 65536/)
refused('uint16[]', words(LAST), /starts at byte 115792\d+… of 32$/)
refused('uint16[]', words(0x20), /starts at byte 32 of 32/)
refused('uint16[]', words(0x21, 0), /starts at byte 33 of 64/)
refused('uint16[]', words(0x20, LAST), /has a length of 115792/)
refused('uint16[]', words(0x20, 2 ** 32, 1), /has a length of 4294967296 where 1 words/)
refused('uint16[]', words(0x20, 2, 1), /has a length of 2 where 1 words/)
refused('uint16[]', words(0x20, 1, 1).slice(0, -2), /has a length of 1 where 0 words/)
refused('bytes', words(0x20, LAST), /has a length of/)
refused('bytes', words(0x20, 0x20) + words(1).slice(2), /has a length of 32 where 0 words/)
refused('bytes', `${words(0x20, 2)}abcd`, /has a length of 2 where 0 words/)
refused('bytes', `${words(0x20, 31)}${'00'.repeat(31)}01`, /is padded with 0x01, not with zeros/)
refused('string', `${words(0x20, 2)}fffe${'0'.repeat(60)}`, /field 1 \(string\) is not UTF-8/)
refused('string', `${words(0x20, 1)}41${'0'.repeat(61)}1`, /is padded with/)
