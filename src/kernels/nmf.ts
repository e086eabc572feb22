import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** What is needed to find W of `x ≈ W · H` where H is fixed. */
export interface Factors {
  /** H [components, columns], by component. */
  readonly components: Float64Array
  readonly count: number
  readonly l1: number
  readonly l2: number
  readonly tolerance: number
  readonly maxIterations: number
}

export interface MultiplicativeFactors extends Factors {
  /** Which β-divergence: 2 Frobenius, 1 Kullback-Leibler, 0 Itakura-Saito, or any other. */
  readonly beta: number
  /** Whether to stop by the divergence (NMF) or by the change of W (MiniBatchNMF). */
  readonly stop: 'divergence' | 'change'
}

/** W [rows, components] of x [rows, columns], both float64. */
export type Solver = (x: Tensor) => Tensor

/** scikit-learn's EPSILON: that of float32. */
const EPSILON = 1.1920928955078125e-7

/**
 * W by cyclic coordinate descent from zero. All rows of a request stop together, as scikit-learn's do.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_cdnmf_fast.pyx
 * @returns float64 [rows, components] of float64 [rows, columns]
 */
export function descendFactors({ components, count: k, l1, l2, tolerance, maxIterations }: Factors): Solver {
  const width = components.length / k
  const hessian = timesTransposed(components, components, k, width, k)
  for (let t = 0; t < k; t++) hessian[t * k + t] = (hessian[t * k + t] as number) + l2
  return (x) => {
    const rows = x.dims[0] as number
    const weights = new Float64Array(rows * k)
    const target = timesTransposed(x.data as Float64Array, components, rows, width, k)
    for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) - l1
    let first = 0
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      const violation = sweep(weights, hessian, target, rows, k)
      if (iteration === 0) first = violation
      if (first === 0 || violation / first <= tolerance) break
    }
    return createTensor('float64', [rows, k], weights)
  }
}

/** One round over all coordinates of W; gives how far it was from optimal. */
function sweep(weights: Float64Array, hessian: Float64Array, target: Float64Array, rows: number, k: number): number {
  let violation = 0
  for (let t = 0; t < k; t++) {
    const curvature = hessian[t * k + t] as number
    for (let row = 0; row < rows; row++) {
      const at = row * k
      let gradient = -(target[at + t] as number)
      for (let r = 0; r < k; r++) gradient += (hessian[t * k + r] as number) * (weights[at + r] as number)
      const weight = weights[at + t] as number
      violation += Math.abs(weight === 0 ? Math.min(0, gradient) : gradient)
      if (curvature !== 0) weights[at + t] = Math.max(weight - gradient / curvature, 0)
    }
  }
  return violation
}

/**
 * W by multiplicative updates from a constant that depends on the mean of all rows.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_nmf.py (_fit_multiplicative_update,
 * MiniBatchNMF._solve_W)
 * @returns float64 [rows, components] of float64 [rows, columns]
 */
export function multiplyFactors(model: MultiplicativeFactors): Solver {
  const { count: k, beta, stop, tolerance, maxIterations } = model
  const isByDivergence = stop === 'divergence'
  const across = transposed(model.components, k)
  const updateFor = beta === 2 ? quadraticUpdate(model) : divergentUpdate(model, across)
  return (x) => {
    const rows = x.dims[0] as number
    const cells = x.data as Float64Array
    let total = 0
    for (const cell of cells) total += cell
    const weights = new Float64Array(rows * k).fill(Math.sqrt(total / cells.length / k))
    const update = updateFor(cells, rows)
    const initial = isByDivergence
      ? divergence(cells, timesTransposed(weights, across, rows, k, cells.length / rows), beta)
      : 0
    let previous = initial
    const before = new Float64Array(weights.length)
    for (let iteration = 1; iteration <= maxIterations; iteration++) {
      before.set(weights)
      update(weights)
      if (beta < 1 && isByDivergence)
        for (let i = 0; i < weights.length; i++) if ((weights[i] as number) < Number.EPSILON) weights[i] = 0
      if (!(tolerance > 0)) continue
      if (!isByDivergence) {
        if (norm(weights, before) / norm(weights) <= tolerance) break
      } else if (iteration % 10 === 0) {
        const error = divergence(cells, timesTransposed(weights, across, rows, k, cells.length / rows), beta)
        if ((previous - error) / initial < tolerance) break
        previous = error
      }
    }
    return createTensor('float64', [rows, k], weights)
  }
}

/** Makes one update of the weights, in place, for the rows that it was made for. */
type Updates = (cells: Float64Array, rows: number) => (weights: Float64Array) => void

/** `W ∘ (X Hᵀ / (W H Hᵀ))`. */
function quadraticUpdate(model: MultiplicativeFactors): Updates {
  const { components, count: k } = model
  const columns = components.length / k
  const squares = timesTransposed(components, components, k, columns, k)
  return (cells, rows) => {
    const numerator = timesTransposed(cells, components, rows, columns, k)
    return (weights) => scale(model, weights, numerator, timesTransposed(weights, squares, rows, k, k), 1)
  }
}

/** `W ∘ ((X ∘ (W H)^(β-2)) Hᵀ / ((W H)^(β-1) Hᵀ))^γ`; for β = 1 the denominator is the sum of each component. */
function divergentUpdate(model: MultiplicativeFactors, across: Float64Array): Updates {
  const { components, count: k, beta } = model
  const columns = components.length / k
  const gamma = beta < 1 ? 1 / (2 - beta) : beta > 2 ? 1 / (beta - 1) : 1
  // scikit-learn adds the penalty to the sums themselves, round after round; MiniBatchNMF sums anew.
  const isKept = beta === 1 && model.stop === 'divergence'
  const penalties = isKept ? { ...model, l1: 0 } : model
  const own = Float64Array.from({ length: k }, (_, t) =>
    components.subarray(t * columns, (t + 1) * columns).reduce((sum, value) => sum + value, 0),
  )
  return (cells, rows) => {
    const sums = own.slice()
    const numerator = new Float64Array(rows * k)
    const denominator = new Float64Array(rows * k)
    return (weights) => {
      if (isKept) for (let t = 0; t < k; t++) sums[t] = (sums[t] as number) + Math.max(model.l1, 0) || EPSILON
      numerator.fill(0)
      denominator.fill(0)
      for (let row = 0; row < rows; row++) {
        const at = row * k
        for (let column = 0; column < columns; column++) {
          const from = column * k
          let guess = 0
          for (let t = 0; t < k; t++) guess += (weights[at + t] as number) * (across[from + t] as number)
          const safe = beta < 2 && guess < EPSILON ? EPSILON : guess
          const cell = cells[row * columns + column] as number
          const ratio = beta === 1 ? cell / safe : cell * safe ** (beta - 2)
          for (let t = 0; t < k; t++)
            numerator[at + t] = (numerator[at + t] as number) + ratio * (across[from + t] as number)
          if (beta === 1) continue
          const power = (beta < 1 ? safe : guess) ** (beta - 1)
          for (let t = 0; t < k; t++)
            denominator[at + t] = (denominator[at + t] as number) + power * (across[from + t] as number)
        }
      }
      if (beta === 1) for (let i = 0; i < denominator.length; i++) denominator[i] = sums[i % k] as number
      scale(penalties, weights, numerator, denominator, gamma)
    }
  }
}

function scale(
  { l1, l2 }: Factors,
  weights: Float64Array,
  numerator: Float64Array,
  denominator: Float64Array,
  gamma: number,
): void {
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number
    const below = (denominator[i] as number) + (l1 > 0 ? l1 : 0) + (l2 > 0 ? l2 * weight : 0)
    const change = (numerator[i] as number) / (below === 0 ? EPSILON : below)
    weights[i] = weight * (gamma === 1 ? change : change ** gamma)
  }
}

/** `√(2 D(x, guess))`, cell by cell; what is zero in x counts only by its guess. */
function divergence(cells: Float64Array, guess: Float64Array, beta: number): number {
  let sum = 0
  if (beta === 2) {
    for (let i = 0; i < cells.length; i++) {
      const rest = (cells[i] as number) - (guess[i] as number)
      sum += rest * rest
    }
    return Math.sqrt(sum)
  }
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i] as number
    const raw = guess[i] as number
    const safe = raw < EPSILON ? EPSILON : raw
    const isThere = cell > EPSILON
    if (beta === 1) sum += raw + (isThere ? cell * Math.log(cell / safe) - cell : 0)
    else if (beta === 0) sum += (isThere ? cell / safe - Math.log(cell / safe) : 0) - 1
    else sum += (isThere ? cell ** beta - beta * cell * safe ** (beta - 1) : 0) + raw ** beta * (beta - 1)
  }
  return Math.sqrt(2 * Math.max(beta === 0 || beta === 1 ? sum : sum / (beta * (beta - 1)), 0))
}

/** `a · bᵀ`: a [n, k], b [m, k]. */
function timesTransposed(a: Float64Array, b: Float64Array, n: number, k: number, m: number): Float64Array {
  const c = new Float64Array(n * m)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0
      for (let l = 0; l < k; l++) sum += (a[i * k + l] as number) * (b[j * k + l] as number)
      c[i * m + j] = sum
    }
  }
  return c
}

/** [columns, rows] of [rows, columns]. */
function transposed(matrix: Float64Array, rows: number): Float64Array {
  const columns = matrix.length / rows
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)] as number)
}

/** |a|, or |a - b|. */
function norm(a: Float64Array, b?: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const rest = (a[i] as number) - (b ? (b[i] as number) : 0)
    sum += rest * rest
  }
  return Math.sqrt(sum)
}
