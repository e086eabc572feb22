import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHex } from '../../src/codecs/hex.ts'
import { refuses } from './check.ts'

const check = (text: string, hex: string, prefixed: boolean) => assert.deepEqual(readHex(text), { hex, prefixed })

test('bare hex stays as it is', () => check('00ff', '00ff', false))
test('0x is taken off and remembered', () => check('0x00ff', '00ff', true))
test('upper case and white space around are tolerated', () => check(' \n0X00FF\t', '00ff', true))
test('an empty payload is refused', () => refuses(() => readHex(''), /^the chain payload is empty: ""$/))
test('white space is empty too', () => refuses(() => readHex('  '), /is empty/))
test('0x alone is empty too', () => refuses(() => readHex('0x'), /^the chain payload is empty: "0x"$/))
test('an odd digit is refused', () => refuses(() => readHex('0xabc'), /odd number of hex digits, 3: "abc"$/))
test('what is not hex is shown', () => refuses(() => readHex('00xyz'), /not hex from digit 2 on: "xyz"$/))
test('white space inside is not hex', () => refuses(() => readHex('00 ff'), /not hex from digit 2 on: " ff"$/))
test('a second 0x is not hex', () => refuses(() => readHex('0x0x00'), /not hex from digit 1 on/))
test('a long payload is shown cut short', () => refuses(() => readHex(`${'a'.repeat(9001)}`), /9001: "a{59}…$/))
