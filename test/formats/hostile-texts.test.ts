/** JSON, UBJSON and compressed streams from an enemy. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { decompressBzip2 } from '../../src/formats/bzip2.ts'
import { crc64 } from '../../src/formats/crc64.ts'
import { inflateGzip, inflateZlib } from '../../src/formats/inflate.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { parseJson } from '../../src/formats/json.ts'
import { decompressLz4 } from '../../src/formats/lz4.ts'
import { readNpy } from '../../src/formats/npy.ts'
import { readSafetensors } from '../../src/formats/safetensors.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { readUbjson } from '../../src/formats/ubjson.ts'
import { xxhash32 } from '../../src/formats/xxhash32.ts'
import { decompressXz } from '../../src/formats/xz.ts'
import { readZip } from '../../src/formats/zip.ts'
import { FIXTURES } from '../support/paths.ts'
import { bytesOf, little } from './hostile.ts'
import { cpuMs, MAX_MS, refused } from './refusals.ts'

describe('JSON and UBJSON', () => {
  const json = (name: string, text: string, sentence: RegExp): Promise<void> =>
    refused(name, () => parseJson(text, { format: 'json', nonFinite: true }), sentence)
  json('deep arrays', '['.repeat(1_000_000), /nested deeper/)
  json('a string that does not end', `"${'a'.repeat(1_000_000)}`, /does not end/)
  json('backslashes', `"${'\\'.repeat(1_000_001)}`, /does not end/)
  json('spaces', ' '.repeat(1_000_000), /there is no value/)
  json('a key that comes twice', '{"a":1,"a":2}', /comes twice/)
  json('a broken escape', '"\\x"', /broken escape/)
  const ubjson = (name: string, bytes: Uint8Array, sentence: RegExp): Promise<void> =>
    refused(name, () => readUbjson(bytes), sentence)
  ubjson('deep arrays', bytesOf('['.repeat(1_000_000)), /nested deeper/)
  ubjson('items without bytes', bytesOf('[$T#l\x7f\xff\xff\xff'), /items of type "T"/)
  ubjson('nulls without bytes', bytesOf('[#l\x7f\xff\xff\xff', 'Z'.repeat(10)), /2147483647 items are claimed/)
  ubjson('floats beyond the end', bytesOf('[$d#l\x7f\xff\xff\xff'), /8589934588 bytes are claimed/)
  ubjson('a negative length', bytesOf('Sl\xff\xff\xff\xff'), /a length of -1/)
})

describe('a file that is cut anywhere is refused', () => {
  const cut = (name: string, read: (bytes: Uint8Array) => unknown): Promise<void> =>
    test(name, () => {
      const bytes = readFileSync(`${FIXTURES}formats/${name}`)
      const step = Math.max(1, Math.floor(bytes.length / 500))
      for (let end = 0; end < bytes.length; end += step) {
        assert.throws(() => read(bytes.subarray(0, end)), InferError, `${end} bytes`)
      }
    })
  for (const protocol of [0, 1, 2, 3, 4, 5]) cut(`plain-${protocol}.pkl`, readJoblib)
  cut('zoo.joblib', readJoblib)
  for (const codec of ['zlib3', 'gzip3', 'bz23', 'lzma3', 'xz3', 'lz43']) cut(`small-${codec}.joblib`, readJoblib)
  cut('tensors.torch', readTorch)
  cut('tensors-legacy.torch', readTorch)
  cut('module.pt', readTorch)
  cut('tensors.safetensors', readSafetensors)
  cut('structure.npy', readNpy)
})

describe('a byte that is another is noticed', () => {
  const noticed = (file: string, read: (bytes: Uint8Array) => unknown): Promise<void> =>
    test(file, () => {
      const good = readFileSync(`${FIXTURES}formats/${file}`)
      let missed = 0
      for (let at = 0; at < good.length; at++) {
        const bytes = Buffer.from(good)
        bytes[at] = (bytes[at] as number) ^ 0x10
        try {
          assert.deepEqual(read(bytes), read(good))
        } catch (error) {
          if (error instanceof InferError) continue
          missed++
        }
      }
      assert.equal(missed, 0, `${missed} of ${good.length} bytes may be another`)
    })
  noticed('small-bz23.joblib', decompressBzip2)
  noticed('small-gzip3.joblib', inflateGzip)
  noticed('small-xz3.joblib', decompressXz)
  noticed('small-zlib3.joblib', inflateZlib)
  noticed('codecs/checked.lz4', decompressLz4)
  noticed('packed.npz', (bytes) => [...readZip(bytes)].map(([name, { read }]) => [name, read()]))

  test('CRC-64 and xxHash of what their authors publish', () => {
    assert.equal(crc64(bytesOf('123456789')), 0x995dc9bbdf1939fan)
    assert.deepEqual(
      ['', 'abc', 'Nobody inspects the spammish repetition'].map((text) => xxhash32(bytesOf(text))),
      [0x02cc5d05, 0x32d153ff, 0xe2293b2f],
    )
  })
})

describe('other codecs', () => {
  refused('bzip2 of nothing', () => decompressBzip2(Buffer.from('BZh9')), /cut short/)
  test('thousands of empty bzip2 streams', () => {
    const empty = bytesOf('BZh9\x17\x72\x45\x38\x50\x90', 0, 0, 0, 0)
    const start = cpuMs()
    assert.equal(decompressBzip2(bytesOf(...Array.from({ length: 50_000 }, () => empty))).length, 0)
    assert.ok(cpuMs() - start < 2 * MAX_MS)
  })
  refused('xz of nothing', () => decompressXz(Buffer.from('\xfd7zXZ\0', 'latin1')), /claimed where 0 are left/)
  refused(
    'lz4 that refers back too far',
    () =>
      decompressLz4(
        bytesOf(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, little(4, 4), 0x10, 'a', little(9, 2), little(0, 4)),
      ),
    /before its block/,
  )
})
