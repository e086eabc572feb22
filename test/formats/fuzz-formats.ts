/** The readers that are fuzzed, and the good files that mutants are made of. */
import { readdirSync, readFileSync } from 'node:fs'
import { detect } from '../../src/formats/detect.ts'
import { readJoblib } from '../../src/formats/joblib.ts'
import { readJson } from '../../src/formats/json.ts'
import { readNpy, readNpz } from '../../src/formats/npy.ts'
import { readSafetensors } from '../../src/formats/safetensors.ts'
import { readSkops } from '../../src/formats/skops.ts'
import { readTorch } from '../../src/formats/torch.ts'
import { contiguous } from '../../src/formats/torch-tensor.ts'
import { readUbjson } from '../../src/formats/ubjson.ts'
import { isTensor } from '../../src/formats/values.ts'
import { readXgboost } from '../../src/formats/xgboost.ts'
import { readZip } from '../../src/formats/zip.ts'
import { inspect } from '../../src/inspect/inspect.ts'
import { FIXTURES } from '../support/paths.ts'
import type { FuzzFormat } from './fuzz.ts'
import { bytesOf } from './hostile.ts'

const FOLDER = `${FIXTURES}formats/`
const seedsOf = (pattern: RegExp, folder = FOLDER): Uint8Array[] =>
  readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(folder + name))

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
export const FUZZ_FORMATS: readonly FuzzFormat[] = [
  { name: 'pickle', read: readJoblib, seeds: seedsOf(/^(plain|recursive)-\d\.pkl$/) },
  { name: 'numpy', read: readJoblib, seeds: seedsOf(/^zoo-\d\.pkl$/) },
  { name: 'joblib', read: readJoblib, seeds: seedsOf(/^zoo\.joblib$/) },
  { name: 'zlib', read: readJoblib, seeds: seedsOf(/zlib/) },
  { name: 'gzip', read: readJoblib, seeds: seedsOf(/gzip/) },
  { name: 'bzip2', read: readJoblib, seeds: seedsOf(/bz2/) },
  { name: 'lz4', read: readJoblib, seeds: seedsOf(/lz4/) },
  { name: 'lzma', read: readJoblib, seeds: seedsOf(/lzma/) },
  { name: 'xz', read: readJoblib, seeds: seedsOf(/xz/) },
  { name: 'npy', read: readNpy, seeds: seedsOf(/\.npy$/) },
  { name: 'npz', read: readNpz, seeds: seedsOf(/\.npz$/) },
  { name: 'zip', read: readZipFully, seeds: seedsOf(/\.(npz|pt)$/) },
  { name: 'skops', read: readSkops, seeds: seedsOf(/\.skops$/) },
  { name: 'torch', read: readTorchFully, seeds: seedsOf(/^(tensors|module)\.torch$/) },
  { name: 'torch-legacy', read: readTorchFully, seeds: seedsOf(/legacy\.torch$/) },
  { name: 'torchscript', read: readTorchFully, seeds: seedsOf(/\.pt$/) },
  { name: 'safetensors', read: (bytes) => [...readSafetensors(bytes).tensors.values()].map(({ read }) => read()), seeds: seedsOf(/safetensors$/) },
  { name: 'json', read: (bytes) => readJson(bytes, { format: 'json', nonFinite: true }), seeds: seedsOf(/^recursive.*json$/) },
  { name: 'ubjson', read: readUbjson, seeds: [UBJSON] },
  { name: 'xgboost', read: readXgboost, seeds: seedsOf(/\.bin$/, `${FOLDER}xgboost/`) },
  { name: 'inspection', read: inspect, seeds: [...seedsOf(/\.(pkl|joblib|torch|npz|npy|pt|safetensors|skops)$/), ...seedsOf(/\.onnx$/, `${FIXTURES}onnx/`), ...seedsOf(/\.(bin|pkl)$/, `${FOLDER}xgboost/`), ...seedsOf(/\.(pt2|txt)$/, `${FOLDER}others/`)].filter(({ length }) => length < 20_000) },
  { name: 'detection', read: detect, seeds: seedsOf(/\.(pkl|torch|npz|npy|pt|safetensors)$/) },
]
