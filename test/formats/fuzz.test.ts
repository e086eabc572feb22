/** Mutants of the fixtures are read or refused, never anything else. `FUZZ_CASES` and `FUZZ_SEED` make it a longer run. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { detect } from '../../src/formats/detect.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { readJson } from '../../src/formats/json.ts'
import { readNpy, readNpz } from '../../src/formats/npy.ts'
import { readSafetensors } from '../../src/formats/safetensors.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import { readUbjson } from '../../src/formats/ubjson.ts'
import { isTensor } from '../../src/formats/values.ts'
import { readZip } from '../../src/formats/zip.ts'
import { FIXTURES } from '../support/paths.ts'
import { fuzz } from './fuzz.ts'
import { bytesOf } from './hostile.ts'

const COUNT = Number(process.env.FUZZ_CASES ?? 5_000)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const MAX_MS = 2000

const FOLDER = `${FIXTURES}formats/`
const seedsOf = (pattern: RegExp): Uint8Array[] =>
  readdirSync(FOLDER)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(FOLDER + name))

const UBJSON = bytesOf(
  '{U\x01a[$d#U\x02\x3f\x80\0\0\x40\0\0\0U\x01bSU\x02hiU\x01c[i\x01TZ{}]U\x01dL\0\0\0\0\0\0\0\x07D',
  new Uint8Array(8),
  '}',
)

function readTorchFully(bytes: Uint8Array): void {
  const { value } = readTorch(bytes)
  if (value instanceof Map) for (const item of value.values()) if (isTensor(item)) contiguous(item)
}

function readZipFully(bytes: Uint8Array): void {
  for (const { read } of readZip(bytes).values()) read()
}

/** A reader and its seeds, a line a format. */
// biome-ignore format: one row per format
const FORMATS: readonly (readonly [name: string, read: (bytes: Uint8Array) => unknown, seeds: readonly Uint8Array[]])[] = [
  ['pickle', readJoblib, seedsOf(/^(plain|recursive)-\d\.pkl$/)],
  ['numpy in pickles', readJoblib, seedsOf(/^zoo-\d\.pkl$/)],
  ['joblib', readJoblib, seedsOf(/^zoo\.joblib$/)],
  ['zlib', readJoblib, seedsOf(/zlib/)],
  ['gzip', readJoblib, seedsOf(/gzip/)],
  ['bzip2', readJoblib, seedsOf(/bz2/)],
  ['lz4', readJoblib, seedsOf(/lz4/)],
  ['lzma', readJoblib, seedsOf(/lzma/)],
  ['xz', readJoblib, seedsOf(/xz/)],
  ['npy', readNpy, seedsOf(/\.npy$/)],
  ['npz', readNpz, seedsOf(/\.npz$/)],
  ['zip', readZipFully, seedsOf(/\.(npz|pt)$/)],
  ['torch', readTorchFully, seedsOf(/^(tensors|module)\.torch$/)],
  ['torch, legacy', readTorchFully, seedsOf(/legacy\.torch$/)],
  ['TorchScript', readTorchFully, seedsOf(/\.pt$/)],
  ['safetensors', (bytes) => [...readSafetensors(bytes).tensors.values()].map(({ read }) => read()), seedsOf(/safetensors$/)],
  ['JSON', (bytes) => readJson(bytes, { format: 'json', nonFinite: true }), seedsOf(/^recursive.*json$/)],
  ['UBJSON', readUbjson, [UBJSON]],
  ['detection', detect, seedsOf(/\.(pkl|torch|npz|npy|pt|safetensors)$/)],
]

describe('mutants are read or refused', () => {
  for (const [name, read, seeds] of FORMATS) {
    test(name, (context) => {
      assert.ok(seeds.length > 0)
      const { slowestMs, ...counts } = fuzz(read, seeds, COUNT, SEED)
      context.diagnostic(`${JSON.stringify(counts)}, at most ${slowestMs.toFixed(0)} ms`)
      assert.ok(slowestMs < MAX_MS)
    })
  }
})
