import { createData, type DType, elementBytes, type NumericArray } from '../tensor/dtype.ts'
import { broken, Cursor } from './cursor.ts'
import { type Json, readJson } from './json.ts'

/**
 * XGBoost's binary models, which it wrote until 2.0 and read until 3.0 (src/learner.cc, src/gbm/gbtree_model.h,
 * src/gbm/gblinear_model.h and include/xgboost/tree_model.h of v0.90 to v2.0): C structs in a row, little-endian.
 * `binf` and the structs; before 1.0 from Python the structs alone; `bs64`, a tab and Base64 of the structs until 0.40.
 *
 * Limits on a file from a stranger: every count is held against the bytes that are left before anything is made;
 * texts, which are names and small JSON; what a tree has is read by columns, in memory that its own bytes bound.
 */
const MAX_TEXT_BYTES = 16 * 1024 * 1024
const BASE64 = 'bs64\t'
const STRUCTS = 'binf'
/** LearnerModelParam: seven fields and reserved ones. */
const LEARNER_BYTES = 136
const TREE_HEAD_BYTES = 148
const NODE_BYTES = 20
const STAT_BYTES = 16
const BOOSTERS: ReadonlySet<string> = new Set(['gbtree', 'dart', 'gblinear'])

const fail = (what: string, at?: number): never => {
  throw broken('xgboost', what, at)
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  bytes.length >= text.length && [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0))

/** Whether XGBoost wrote this in a binary format; one without a magic is known by the two names behind its first struct. */
export function isXgboostBinary(bytes: Uint8Array): boolean {
  if (startsWith(bytes, STRUCTS) || startsWith(bytes, BASE64)) return true
  if (bytes.length < LEARNER_BYTES + 16) return false
  const names = Buffer.from(bytes.subarray(LEARNER_BYTES, LEARNER_BYTES + 128)).toString('latin1')
  return /^[^\0]\0{7}[\w:.-]+[^\0]\0{7}(gbtree|dart|gblinear)/.test(names)
}

/**
 * The model in the form of XGBoost's own JSON; columns of trees are typed arrays, as in UBJ.
 * @throws InferError bad_model naming what is wrong and where
 */
export function readXgboostBinary(bytes: Uint8Array): Map<string, Json> {
  if (!startsWith(bytes, BASE64)) return readStructs(new Cursor(bytes, 'xgboost', startsWith(bytes, STRUCTS) ? 4 : 0))
  const text = Buffer.from(bytes.subarray(BASE64.length)).toString('latin1').trim()
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) fail('its Base64 has other letters')
  return readStructs(new Cursor(Buffer.from(text, 'base64'), 'xgboost'))
}

interface Learner {
  readonly baseScore: number
  readonly features: number
  readonly classes: number
  readonly hasAttributes: boolean
  readonly hasMetrics: boolean
  /** 0 before 1.0. */
  readonly major: number
  readonly minor: number
  readonly targets: number
}

function readStructs(file: Cursor): Map<string, Json> {
  const learner = readLearner(file)
  const objective = readText(file)
  const booster = readText(file)
  if (!BOOSTERS.has(booster)) fail(`the booster ${JSON.stringify(booster)} is not known`)
  const gradientBooster = booster === 'gblinear' ? readLinear(file) : readTrees(file, booster, since(learner, 1, 6))
  const attributes = learner.hasAttributes ? readAttributes(file) : new Map<string, Json>()
  const maxDeltaStep = learner.major < 1 && objective === 'count:poisson' ? readText(file) : undefined
  if (learner.major < 1 && learner.hasMetrics) for (let i = file.u64(); i > 0; i--) readText(file)
  if (file.left > 0) fail(`${file.left} bytes follow its end`, file.at)
  const described = attributes.get('objective')
  const settings =
    typeof described === 'string'
      ? readJson(Buffer.from(described), { format: 'xgboost', nonFinite: true })
      : new Map<string, Json>([
          ['name', objective],
          ...(maxDeltaStep === undefined
            ? []
            : [['poisson_regression_param', new Map([['max_delta_step', maxDeltaStep]])] as const]),
        ])
  for (const internal of ['objective', 'metrics', 'count_poisson_max_delta_step']) attributes.delete(internal)
  return new Map<string, Json>([
    [
      'learner',
      new Map<string, Json>([
        ['attributes', attributes],
        ['gradient_booster', gradientBooster],
        ['learner_model_param', paramsOf(learner, objective)],
        ['objective', settings],
      ]),
    ],
    ['version', [learner.major, learner.minor]],
  ])
}

const since = ({ major, minor }: Learner, fromMajor: number, fromMinor: number): boolean =>
  major > fromMajor || (major === fromMajor && minor >= fromMinor)

function readLearner(file: Cursor): Learner {
  const end = file.at + LEARNER_BYTES
  const learner = {
    baseScore: file.f32(),
    features: file.u32(),
    classes: file.i32(),
    hasAttributes: file.i32() !== 0,
    hasMetrics: file.i32() !== 0,
    major: file.u32(),
    minor: file.u32(),
    targets: file.u32(),
  }
  file.seek(end)
  return learner
}

/** JSON holds the base score before the link, as 1.0 and later wrote it; before, it was behind the link. */
function paramsOf(learner: Learner, objective: string): Map<string, Json> {
  const { baseScore, features, classes, targets } = learner
  const score = learner.major < 1 ? Math.fround(inverseLink(objective)(baseScore)) : baseScore
  return new Map<string, Json>([
    ['base_score', String(score)],
    ['num_class', String(classes)],
    ['num_feature', String(features)],
    ...(since(learner, 1, 6) ? [['num_target', String(targets)] as const] : []),
  ])
}

/** What 0.90 did to a margin (`PredTransform` in src/objective). */
function inverseLink(objective: string): (margin: number) => number {
  if (/^(binary|reg):logistic$/.test(objective)) return (margin) => 1 / (1 + Math.exp(-margin))
  if (/^(count:poisson|reg:gamma|reg:tweedie|survival:cox)$/.test(objective)) return Math.exp
  return (margin) => margin
}

/** `parallel`: 1.6 put the number of trees of a round where older ones had that of roots. */
function readTrees(file: Cursor, booster: string, parallel: boolean): Map<string, Json> {
  const count = readCount(file, TREE_HEAD_BYTES + NODE_BYTES + STAT_BYTES + 4, 'trees')
  const perRound = file.i32()
  file.skip(20)
  const leafVector = file.i32()
  file.skip(128)
  const trees: Json[] = []
  for (let id = 0; id < count; id++) trees.push(readTree(file, id))
  const model = new Map<string, Json>([
    [
      'gbtree_model_param',
      new Map<string, Json>([
        ...(parallel ? [['num_parallel_tree', String(perRound)] as const] : []),
        ['num_trees', String(count)],
        ['size_leaf_vector', String(leafVector)],
      ]),
    ],
    ['tree_info', readColumn(file, count, 4, 'int32', 0)],
    ['trees', trees],
  ])
  const gbtree = new Map<string, Json>([
    ['model', model],
    ['name', 'gbtree'],
  ])
  if (booster === 'gbtree') return gbtree
  const dropped: Json = count === 0 ? new Float32Array(0) : readFloats(file)
  return new Map<string, Json>([
    ['gbtree', gbtree],
    ['name', booster],
    ['weight_drop', dropped],
  ])
}

/** TreeParam, then the nodes (parent, left, right, split, value), then their statistics. */
function readTree(file: Cursor, id: number): Map<string, Json> {
  const start = file.at
  const roots = file.i32()
  const nodes = readCount(file, NODE_BYTES + STAT_BYTES, 'nodes')
  const [deleted, , features, leafVector] = [file.i32(), file.i32(), file.i32(), file.i32()]
  file.skip(124)
  // One value a leaf is called a vector of 0 or, from 2.0, of 1.
  if (roots !== 1 || nodes === 0 || (leafVector !== 0 && leafVector !== 1)) {
    fail(`tree ${id} has ${roots} roots, ${nodes} nodes and leaf vectors of ${leafVector}`, start)
  }
  const [at, stats] = [file.at, file.at + nodes * NODE_BYTES]
  const column = (offset: number, dtype: DType): NumericArray =>
    readColumn(new Cursor(file.file, 'xgboost', at + offset), nodes, NODE_BYTES, dtype, NODE_BYTES - 4)
  const stat = (offset: number, dtype: DType): NumericArray =>
    readColumn(new Cursor(file.file, 'xgboost', stats + offset), nodes, STAT_BYTES, dtype, STAT_BYTES - 4)
  const splits = column(12, 'uint32') as Uint32Array
  file.skip(nodes * (NODE_BYTES + STAT_BYTES))
  return new Map<string, Json>([
    ['base_weights', stat(8, 'float32')],
    ['default_left', Uint8Array.from(splits, (split) => split >>> 31)],
    ['id', id],
    ['left_children', column(4, 'int32')],
    ['loss_changes', stat(0, 'float32')],
    ['parents', (column(0, 'int32') as Int32Array).map((parent) => parent & 0x7fffffff)],
    ['right_children', column(8, 'int32')],
    ['split_conditions', column(16, 'float32')],
    ['split_indices', Int32Array.from(splits, (split) => split & 0x7fffffff)],
    ['sum_hessian', stat(4, 'float32')],
    [
      'tree_param',
      new Map<string, Json>([
        ['num_deleted', String(deleted)],
        ['num_feature', String(features)],
        ['num_nodes', String(nodes)],
        ['size_leaf_vector', String(leafVector)],
      ]),
    ],
  ])
}

function readLinear(file: Cursor): Map<string, Json> {
  file.skip(136)
  return new Map<string, Json>([
    ['model', new Map<string, Json>([['weights', readFloats(file)]])],
    ['name', 'gblinear'],
  ])
}

function readAttributes(file: Cursor): Map<string, Json> {
  const count = file.u64()
  const attributes = new Map<string, Json>()
  for (let i = 0; i < count; i++) attributes.set(readText(file), readText(file))
  return attributes
}

/** A 32-bit count of what takes at least `bytes` each. */
function readCount(file: Cursor, bytes: number, what: string): number {
  const at = file.at
  const count = file.i32()
  if (count < 0 || count * bytes > file.left) fail(`${count} ${what} are claimed where ${file.left} bytes are left`, at)
  return count
}

function readText(file: Cursor): string {
  const size = file.u64()
  if (size > MAX_TEXT_BYTES) fail(`a text of ${size} bytes, more than ${MAX_TEXT_BYTES}`, file.at - 8)
  return Buffer.from(file.bytes(size)).toString()
}

/** A vector of the C++ library: its length, then its floats. */
function readFloats(file: Cursor): NumericArray {
  const count = file.u64()
  if (count * 4 > file.left) fail(`${count} weights are claimed where ${file.left} bytes are left`, file.at - 8)
  return readColumn(file, count, 4, 'float32', 0)
}

/** One field of `count` structs of `stride` bytes; the last one's is followed by up to `rest` bytes that may be missing. */
function readColumn(file: Cursor, count: number, stride: number, dtype: DType, rest: number): NumericArray {
  const width = elementBytes(dtype)
  const bytes = file.bytes(count * stride - rest)
  const data = createData(dtype, count) as NumericArray
  const memory = new Uint8Array(data.buffer)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < width; j++) memory[i * width + j] = bytes[i * stride + j] as number
  return data
}
