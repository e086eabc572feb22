import { type Atoms, type Coder, solve } from './sparse-code.ts'

export interface LeastAngle {
  /** `lasso` takes an atom out where its weight would change its sign. */
  readonly method: 'lar' | 'lasso'
  readonly isPositive: boolean
  /** Where the path ends: the largest covariance that is left, by feature. */
  readonly alpha: number
  readonly maxIterations: number
}

/** What scikit-learn takes for equal, and adds to what it divides by: float32's epsilon and tiny. */
const EQUAL = 1.1920928955078125e-7
const TINY = 1.1754943508222875e-38
const DEGENERATE = 1e-7

/**
 * Least angle regression on a Gram matrix, step by step to the end of the path.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/linear_model/_least_angle.py (_lars_path_solver)
 */
export function leastAngleCoder(atoms: Atoms, settings: LeastAngle): Coder {
  const { method, alpha: end, maxIterations } = settings
  return (covariance, code) => {
    const path = new Path(atoms, covariance, settings)
    let previous = 0
    // Each round goes on, drops an atom, or sets one aside: a path longer than this does not converge.
    for (let round = 0; round < 64 * (atoms.count + 1) + 4 * maxIterations; round++) {
      const largest = path.largest()
      const alpha = largest.value / atoms.features
      if (alpha <= end + EQUAL) {
        const isBeyond = Math.abs(alpha - end) > EQUAL && path.iterations > 0
        path.write(code, isBeyond ? (previous - end) / (previous - alpha) : 1)
        return
      }
      if (path.iterations >= maxIterations || path.active.length >= atoms.count) break
      if (!path.hasDropped && !path.add(largest.at)) continue
      if (method === 'lasso' && path.iterations > 0 && previous < alpha) break
      path.step(largest.value)
      previous = alpha
    }
    path.write(code, 1)
  }
}

/** Where a path is: `order` names all atoms, those in use first; `rest` are the covariances of those that are not. */
class Path {
  iterations = 0
  hasDropped = false
  readonly active: number[] = []
  readonly #atoms: Atoms
  readonly #settings: LeastAngle
  readonly #covariance: Float64Array
  readonly #order: Int32Array
  #rest: number[]
  #signs: number[] = []
  #lower: Float64Array
  #weights: Float64Array
  #before: Float64Array

  constructor(atoms: Atoms, covariance: Float64Array, settings: LeastAngle) {
    this.#atoms = atoms
    this.#settings = settings
    this.#covariance = covariance
    this.#order = Int32Array.from({ length: atoms.count }, (_, i) => i)
    this.#rest = [...covariance]
    this.#lower = new Float64Array(atoms.count * atoms.count)
    this.#weights = new Float64Array(atoms.count)
    this.#before = new Float64Array(atoms.count)
  }

  /** The covariance that is the largest, and its place among those not in use. */
  largest(): { value: number; at: number } {
    const size = this.#settings.isPositive ? (value: number) => value : Math.abs
    let at = 0
    for (let i = 1; i < this.#rest.length; i++)
      if (size(this.#rest[i] as number) > size(this.#rest[at] as number)) at = i
    return { value: this.#rest.length > 0 ? size(this.#rest[at] as number) : 0, at }
  }

  /** Whether the atom could be taken into use; one that depends on those in use is set aside. */
  add(at: number): boolean {
    const { gram, count } = this.#atoms
    const rest = this.#rest
    const n = this.active.length
    this.#signs[n] = this.#settings.isPositive ? 1 : Math.sign(rest[at] as number)
    swap(rest, at, 0)
    swap(this.#order, n, n + at)
    const atom = this.#order[n] as number
    const diagonal = this.#factor(n)
    const square = gram[atom * count + atom] as number
    this.#lower[n * count + n] = Math.max(Math.sqrt(Math.abs(square - diagonal)), Number.EPSILON)
    if ((this.#lower[n * count + n] as number) < DEGENERATE) {
      rest[0] = 0
      swap(rest, at, 0)
      this.#signs.length = n
      return false
    }
    rest.shift()
    this.active.push(atom)
    return true
  }

  /** Row n of the Cholesky factor up to its diagonal; gives the sum of its squares. */
  #factor(n: number): number {
    const { gram, count } = this.#atoms
    const lower = this.#lower
    const atom = this.#order[n] as number
    let squares = 0
    for (let i = 0; i < n; i++) {
      let sum = gram[atom * count + (this.#order[i] as number)] as number
      for (let l = 0; l < i; l++) sum -= (lower[n * count + l] as number) * (lower[i * count + l] as number)
      const entry = sum / (lower[i * count + i] as number)
      lower[n * count + i] = entry
      squares += entry * entry
    }
    return squares
  }

  /** On along the direction of equal angles until an atom joins, or is to leave. */
  step(largest: number): void {
    const { gram, count } = this.#atoms
    const { method, isPositive } = this.#settings
    const n = this.active.length
    const direction = this.#direction()
    const scale = direction.scale
    const angles = this.#rest.map((_, i) => {
      const other = (this.#order[n + i] as number) * count
      let sum = 0
      for (let l = 0; l < n; l++)
        sum += (gram[other + (this.#order[l] as number)] as number) * (direction.to[l] as number)
      return sum
    })
    let length = largest / scale
    this.#rest.forEach((value, i) => {
      const angle = angles[i] as number
      length = lessPositive((largest - value) / (scale - angle + TINY), length)
      if (!isPositive) length = lessPositive((largest + value) / (scale + angle + TINY), length)
    })
    const crossings = this.active.map(
      (atom, i) => -(this.#weights[atom] as number) / ((direction.to[i] as number) + TINY),
    )
    const first = crossings.reduce((least, at) => lessPositive(at, least), Number.MAX_VALUE)
    this.hasDropped = first < length
    const leaving = crossings.flatMap((at, i) => (this.hasDropped && at === first ? [i] : [])).reverse()
    for (const i of leaving) this.#signs[i] = -(this.#signs[i] as number)
    if (this.hasDropped && method === 'lasso') length = first
    this.iterations++
    this.#before = this.#weights
    this.#weights = new Float64Array(count)
    this.active.forEach((atom, i) => {
      this.#weights[atom] = (this.#before[atom] as number) + length * (direction.to[i] as number)
    })
    this.#rest = this.#rest.map((value, i) => value - length * (angles[i] as number))
    if (this.hasDropped && method === 'lasso') this.#drop(leaving)
  }

  /** Least squares of the signs, of unit length. */
  #direction(): { to: Float64Array; scale: number } {
    const n = this.active.length
    const to = new Float64Array(n)
    const positions = Int32Array.from({ length: n }, (_, i) => i)
    solve(this.#lower, this.#atoms.count, Float64Array.from(this.#signs), positions, to, n)
    if (n === 1 && to[0] === 0) return { to: to.fill(1), scale: 1 }
    let sum = 0
    for (let i = 0; i < n; i++) sum += (to[i] as number) * (this.#signs[i] as number)
    const scale = 1 / Math.sqrt(sum)
    return { to: to.map((value) => value * scale), scale }
  }

  /** Takes atoms out of use, the last first; their covariances are computed anew. */
  #drop(places: readonly number[]): void {
    const { gram, count } = this.#atoms
    const dropped: number[] = []
    for (const place of places) {
      dropped.push(...this.active.splice(place, 1))
      this.#signs.splice(place, 1)
      for (let i = place; i < this.active.length; i++) swap(this.#order, i, i + 1)
    }
    for (let i = 0; i < this.active.length; i++) {
      const atom = this.#order[i] as number
      const diagonal = this.#factor(i)
      this.#lower[i * count + i] = Math.sqrt(Math.abs((gram[atom * count + atom] as number) - diagonal))
    }
    const again = dropped.map((atom) => {
      let sum = this.#covariance[atom] as number
      for (let j = 0; j < count; j++) sum -= (gram[atom * count + j] as number) * (this.#weights[j] as number)
      return sum
    })
    this.#rest = [...again, ...this.#rest]
  }

  /** The weights, or what lies at `share` of the way to them from those before. */
  write(code: Float64Array, share: number): void {
    for (let i = 0; i < code.length; i++) {
      const [from, to] = [this.#before[i] as number, this.#weights[i] as number]
      code[i] = share === 1 ? to : from + share * (to - from)
    }
  }
}

const lessPositive = (value: number, least: number): number => (value > 0 && value < least ? value : least)

function swap(list: number[] | Int32Array, i: number, j: number): void {
  const held = list[i] as number
  list[i] = list[j] as number
  list[j] = held
}
