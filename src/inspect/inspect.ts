import { InferError } from '../errors.ts'
import { type Detection, detect, type Format } from '../formats/detect.ts'
import { foreignGlobals } from '../formats/foreign-code.ts'
import { readJoblib } from '../formats/joblib.ts'
import { readJson } from '../formats/json.ts'
import { readNpy, readNpz } from '../formats/npy.ts'
import type { Globals } from '../formats/pickle.ts'
import { readSafetensors } from '../formats/safetensors.ts'
import { readSkops } from '../formats/skops.ts'
import { readZip } from '../formats/zip.ts'
import { conversionRefusal } from '../models/judge.ts'
import { servingOf } from '../models/served.ts'
import { catboostFacts, lightGbmFacts, xgboostFacts } from './boosters.ts'
import { inspectExportedProgram } from './exported-program.ts'
import { counted, type Inspection, MAX_LISTED, NO_PARAMETERS, type Port, shapeText } from './inspection.ts'
import { inspectOnnx } from './onnx.ts'
import { bytesOfDType, ParameterCount, parametersOf } from './parameters.ts'
import { inspectPickle } from './pickles.ts'
import { inspectTorch } from './torch.ts'

/** What one format's inspector finds; what it leaves out is empty. */
export type Found = Partial<Omit<Inspection, 'served' | 'bytes' | 'format'>> & { readonly arraysOnly?: boolean }

/**
 * What is in a file, read as data: nothing of it runs. The limits are those of the readers, and of the lists that
 * come out (`MAX_LISTED`); whoever fears for memory or time does it in a process (`bounded-file.ts`).
 * @throws InferError bad_model for what claims to be of a format and is broken
 */
export function inspect(bytes: Uint8Array): Inspection {
  const detected = detect(bytes)
  const { format, found } = find(bytes, detected)
  const { arraysOnly = false, globals = [], ...rest } = found
  return {
    what: detected.reason,
    facts: [],
    tree: null,
    inputs: [],
    outputs: [],
    tensors: [],
    operators: [],
    parameters: NO_PARAMETERS,
    ...rest,
    format,
    bytes: bytes.length,
    globals: foreignGlobals(globals).slice(0, MAX_LISTED),
    served:
      format === null
        ? { now: false, how: 'it is no model' }
        : servingOf({ format, globals, arraysOnly, refusal: () => conversionRefusal(bytes, format) }),
  }
}

function find(bytes: Uint8Array, { format }: Detection): { format: Format | null; found: Found } {
  if (format !== undefined) return { format, found: INSPECTORS[format](bytes) }
  // ONNX has no signature: what nothing else claims may be it.
  try {
    return { format: 'onnx', found: { what: 'protobuf, as ONNX models are', ...inspectOnnx(bytes) } }
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    return { format: null, found: {} }
  }
}

const INSPECTORS: Readonly<Record<Format, (bytes: Uint8Array) => Found>> = {
  catboost: (bytes) => ({ facts: catboostFacts(bytes) }),
  joblib: (bytes) => inspectPickle(readJoblib(bytes)),
  json: inspectJson,
  lightgbm: (bytes) => ({ facts: lightGbmFacts(Buffer.from(bytes).toString()) }),
  npy: (bytes) => arrays((globals) => new Map([['', readNpy(bytes, globals)]])),
  npz: (bytes) => arrays((globals) => readNpz(bytes, globals)),
  onnx: inspectOnnx,
  pickle: (bytes) => inspectPickle(readJoblib(bytes)),
  pt2: (bytes) => inspectExportedProgram(readZip(bytes)),
  safetensors: inspectSafetensors,
  skops: inspectSkops,
  torch: inspectTorch,
  torchscript: inspectTorch,
  ubjson: (bytes) => ({ facts: xgboostFacts(bytes) }),
  xgboost: (bytes) => ({ facts: xgboostFacts(bytes) }),
}

function inspectJson(bytes: Uint8Array): Found {
  const value = readJson(bytes, { format: 'json', nonFinite: true })
  if (!(value instanceof Map)) return { what: 'JSON, not of a model that is known', arraysOnly: true }
  if (value.has('learner') || value.has('Model')) return { facts: xgboostFacts(bytes) }
  const trees = value.get('oblivious_trees') ?? value.get('trees')
  if (value.has('features_info') && Array.isArray(trees))
    return {
      facts: [
        ['library', 'CatBoost'],
        ['trees', counted(trees.length, 'tree')],
      ],
    }
  return { what: 'JSON, not of a model that is known', arraysOnly: true }
}

function arrays(read: (globals: Globals) => ReturnType<typeof readNpz>): Found {
  const globals: Globals = new Map()
  const found = read(globals)
  const tensors = [...found].map(([name, { dtype, shape }]): Port => ({ name, dtype, shape: shapeText(shape) }))
  return {
    arraysOnly: true,
    tensors: tensors.slice(0, MAX_LISTED),
    parameters: parametersOf(...found.values()),
    globals: [...globals.keys()],
  }
}

function inspectSafetensors(bytes: Uint8Array): Found {
  const { tensors, metadata } = readSafetensors(bytes)
  const sum = new ParameterCount()
  const ports = [...tensors].map(([name, { dtype, dims }]): Port => {
    const count = dims.reduce((product, dim) => product * dim, 1)
    sum.add(dtype, count, count * bytesOfDType(dtype))
    return { name, dtype, shape: shapeText(dims) }
  })
  const facts = [...metadata].slice(0, 20).map(([key, text]): [string, string] => [key, text.slice(0, 200)])
  return { arraysOnly: true, facts, tensors: ports.slice(0, MAX_LISTED), parameters: sum.sum }
}

function inspectSkops(bytes: Uint8Array): Found {
  const { schema, arrays: held } = readSkops(bytes)
  const version = schema.get('_skops_version')
  const name = `${String(schema.get('__module__'))}.${String(schema.get('__class__'))}`
  return {
    facts: typeof version === 'string' ? [['library', `skops ${version}`]] : [],
    tree: { name: '', type: name, note: '', children: [] },
    parameters: parametersOf(...held.values()),
  }
}
