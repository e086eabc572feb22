import { InferError } from '../errors.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { type Forest, MISSING, MISSING_LEFT } from './forest-layout.ts'

/** What contributions of trees are computed from. */
export interface ShapForest {
  readonly forest: Forest
  /** By node: the training data that reached it. */
  readonly cover: Float64Array
  /** By column of the forest: a number that columns share which count as one. */
  readonly groups: Int32Array
  /** By group: the features that it is made of, which share what it contributes. */
  readonly origins: readonly (readonly number[])[]
  /** Features of the answer. */
  readonly features: number
  /** By output: what the sum of all contributions has besides the trees' expected values. */
  readonly base: Float64Array
}

/** Deeper trees' contributions take time beyond their worth: a path is unwound at each of its own nodes. */
const MAX_DEPTH = 200

/**
 * Contributions of features to the score, by exact TreeSHAP: algorithm 2 of https://arxiv.org/abs/1802.03888, which
 * XGBoost, LightGBM and CatBoost all follow, each tree in float64. They and the last number, the expected value, add up
 * to the score.
 */
export class TreeShap {
  readonly #model: ShapForest
  readonly #trees: readonly Walker[]

  /** @throws InferError bad_request where a tree is too deep */
  constructor(model: ShapForest, what: string) {
    this.#model = model
    this.#trees = Array.from(model.forest.roots, (_, tree) => new Walker(model, tree, what))
  }

  /**
   * @param x float64 [rows, columns]
   * @returns float64 [rows, outputs, features + 1]
   */
  run(x: Tensor): Tensor {
    const { forest, features, base } = this.#model
    const { outputs } = forest
    const [rows = 0, columns = 0] = x.dims
    const step = features + 1
    const sums = new Float64Array(rows * outputs * step)
    for (let row = 0; row < rows; row++) {
      const cells = (x.data as Float64Array).subarray(row * columns, (row + 1) * columns)
      const own = sums.subarray(row * outputs * step, (row + 1) * outputs * step)
      for (const tree of this.#trees) tree.add(cells, own)
      for (let i = 0; i < outputs; i++) {
        const last = i * step + features
        own[last] = (own[last] as number) + (base[i] as number)
      }
    }
    return createTensor('float64', [rows, outputs, step], sums)
  }
}

/** One tree. Paths of all depths lie one after the other, so that a walk down allocates nothing. */
class Walker {
  readonly #model: ShapForest
  readonly #root: number
  readonly #target: number
  readonly #expected: Float64Array
  readonly #feature: Int32Array
  readonly #zero: Float64Array
  readonly #one: Float64Array
  readonly #weight: Float64Array

  constructor(model: ShapForest, tree: number, what: string) {
    this.#model = model
    this.#root = model.forest.roots[tree] as number
    this.#target = model.forest.target[tree] as number
    const { depth, expected } = survey(model, this.#root)
    if (depth > MAX_DEPTH)
      throw new InferError(
        'bad_request',
        `${what}: tree ${tree} has ${depth} levels; contributions are those of trees of at most ${MAX_DEPTH}`,
      )
    this.#expected = expected
    const size = ((depth + 2) * (depth + 3)) / 2
    this.#feature = new Int32Array(size)
    this.#zero = new Float64Array(size)
    this.#one = new Float64Array(size)
    this.#weight = new Float64Array(size)
  }

  /** Adds the tree's contributions to [outputs, features + 1]. */
  add(cells: Float64Array, sums: Float64Array): void {
    const { forest, features } = this.#model
    for (let i = 0; i < forest.width; i++) {
      const at = (this.#target + i) * (features + 1) + features
      sums[at] = (sums[at] as number) + (this.#expected[i] as number)
    }
    if ((forest.feature[this.#root] as number) >= 0) this.#visit(this.#root, cells, sums, 0, 0, 1, 1, -1)
  }

  /** `from`: where the path of the node above begins; `length`: its elements. */
  #visit(
    node: number,
    cells: Float64Array,
    sums: Float64Array,
    from: number,
    length: number,
    zero: number,
    one: number,
    feature: number,
  ): void {
    const { forest, cover, groups } = this.#model
    const at = from + length
    this.#extend(from, at, length, zero, one, feature)
    const column = forest.feature[node] as number
    if (column < 0) {
      this.#leaf(node, sums, at, length)
      return
    }
    const group = groups[column] as number
    const isLeft = goesLeft(forest, node, cells[column] as number)
    const left = forest.left[node] as number
    const right = forest.right[node] as number
    const [hot, cold] = isLeft ? [left, right] : [right, left]
    let [inZero, inOne, last] = [1, 1, length]
    for (let i = 0; i <= length; i++) {
      if (this.#feature[at + i] !== group) continue
      inZero = this.#zero[at + i] as number
      inOne = this.#one[at + i] as number
      this.#unwind(at, length, i)
      last--
      break
    }
    const whole = cover[node] as number
    for (const child of [hot, cold]) {
      const part = cover[child] as number
      // Where no training data went, nothing is expected, and CatBoost and we pass it by.
      if (part === 0) continue
      this.#visit(child, cells, sums, at, last + 1, (part / whole) * inZero, child === hot ? inOne : 0, group)
    }
  }

  /** Copies the path of `length` elements from `from` to `at`, and appends one. */
  #extend(from: number, at: number, length: number, zero: number, one: number, feature: number): void {
    const weight = this.#weight
    for (const list of [this.#feature, this.#zero, this.#one, weight]) list.copyWithin(at, from, from + length)
    this.#feature[at + length] = feature
    this.#zero[at + length] = zero
    this.#one[at + length] = one
    weight[at + length] = length === 0 ? 1 : 0
    for (let i = length - 1; i >= 0; i--) {
      const own = weight[at + i] as number
      weight[at + i + 1] = (weight[at + i + 1] as number) + (one * own * (i + 1)) / (length + 1)
      weight[at + i] = (zero * own * (length - i)) / (length + 1)
    }
  }

  /** Takes element `index` out of the path of `length + 1` elements. */
  #unwind(at: number, length: number, index: number): void {
    const weight = this.#weight
    const one = this.#one[at + index] as number
    const zero = this.#zero[at + index] as number
    let next = weight[at + length] as number
    for (let i = length - 1; i >= 0; i--) {
      const own = weight[at + i] as number
      if (one !== 0) {
        weight[at + i] = (next * (length + 1)) / ((i + 1) * one)
        next = own - ((weight[at + i] as number) * zero * (length - i)) / (length + 1)
      } else weight[at + i] = (own * (length + 1)) / (zero * (length - i))
    }
    for (let i = index; i < length; i++) {
      this.#feature[at + i] = this.#feature[at + i + 1] as number
      this.#zero[at + i] = this.#zero[at + i + 1] as number
      this.#one[at + i] = this.#one[at + i + 1] as number
    }
  }

  /** The sum of the weights of the path without element `index`. */
  #unwound(at: number, length: number, index: number): number {
    const weight = this.#weight
    const one = this.#one[at + index] as number
    const zero = this.#zero[at + index] as number
    let next = weight[at + length] as number
    let total = 0
    for (let i = length - 1; i >= 0; i--) {
      const own = weight[at + i] as number
      if (one !== 0) {
        const made = (next * (length + 1)) / ((i + 1) * one)
        total += made
        next = own - (made * zero * (length - i)) / (length + 1)
      } else if (zero !== 0) total += own / ((zero * (length - i)) / (length + 1))
    }
    return total
  }

  #leaf(node: number, sums: Float64Array, at: number, length: number): void {
    const { forest, origins, features } = this.#model
    const { values, width } = forest
    for (let i = 1; i <= length; i++) {
      const share = this.#unwound(at, length, i) * ((this.#one[at + i] as number) - (this.#zero[at + i] as number))
      const shared = origins[this.#feature[at + i] as number] as readonly number[]
      for (const feature of shared) {
        for (let k = 0; k < width; k++) {
          const to = (this.#target + k) * (features + 1) + feature
          sums[to] = (sums[to] as number) + (share * (values[node * width + k] as number)) / shared.length
        }
      }
    }
  }
}

/** How deep a tree is, and by output the mean of its leaves, weighed by their cover. */
function survey(
  { forest, cover }: Pick<ShapForest, 'forest' | 'cover'>,
  root: number,
): { readonly depth: number; readonly expected: Float64Array } {
  const { feature, left, right, values, width } = forest
  const expected = new Float64Array(width)
  const pending: [node: number, depth: number, share: number][] = [[root, 0, 1]]
  let deepest = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, depth, share] = next
    deepest = Math.max(deepest, depth)
    if ((feature[node] as number) < 0) {
      for (let k = 0; k < width; k++)
        expected[k] = (expected[k] as number) + share * (values[node * width + k] as number)
      continue
    }
    const whole = cover[node] as number
    for (const child of [left[node] as number, right[node] as number])
      pending.push([child, depth + 1, whole === 0 ? 0 : (share * (cover[child] as number)) / whole])
  }
  return { depth: deepest, expected }
}

const ZERO = 1e-35

/** Where a row goes from a node: as `Forest` says. */
function goesLeft(forest: Forest, node: number, cell: number): boolean {
  const { threshold, missing, set, sets, compare, precision } = forest
  const policy = missing[node] as number
  const kind = policy & (MISSING.zero | MISSING.none)
  let value = precision === 'float32' ? Math.fround(cell) : cell
  if (kind === MISSING.none) value = Number.isNaN(value) ? 0 : value
  else if (Number.isNaN(value) || (kind === MISSING.zero && Math.abs(value) <= ZERO))
    return (policy & MISSING_LEFT) !== 0
  const index = set?.[node] ?? -1
  if (index >= 0) return isIn(sets?.[index], value)
  const bound = threshold[node] as number
  return compare === 'below' ? value < bound : value <= bound
}

/** Whether the category, cut to an integer, is one of the bits. */
function isIn(bits: Uint32Array | undefined, category: number): boolean {
  const whole = Math.trunc(category)
  if (bits === undefined || !(whole >= 0 && whole < 32 * bits.length)) return false
  return (((bits[whole >> 5] as number) >>> (whole & 31)) & 1) === 1
}
