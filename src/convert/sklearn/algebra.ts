/** Small dense algebra on what a file holds, done once when it is converted. Matrices are row-major. */

/** `a · b`: a [n, k], b [k, m]. */
export function product(a: Float64Array, b: Float64Array, n: number, k: number, m: number): Float64Array {
  const c = new Float64Array(n * m)
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l] as number
      if (factor === 0) continue
      for (let j = 0; j < m; j++) c[i * m + j] = (c[i * m + j] as number) + factor * (b[l * m + j] as number)
    }
  }
  return c
}

/** `a · aᵀ + ridge · I`: a [n, k] gives [n, n]. */
export function gram(a: Float64Array, n: number, k: number, ridge = 0): Float64Array {
  const g = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? ridge : 0
      for (let l = 0; l < k; l++) sum += (a[i * k + l] as number) * (a[j * k + l] as number)
      g[i * n + j] = sum
      g[j * n + i] = sum
    }
  }
  return g
}

/** The lower triangle L of `a = L · Lᵀ` [n, n]; `undefined` where `a` is not positive definite. */
export function cholesky(a: Float64Array, n: number): Float64Array | undefined {
  const lower = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] as number
      for (let l = 0; l < j; l++) sum -= (lower[i * n + l] as number) * (lower[j * n + l] as number)
      if (i === j && !(sum > 0)) return undefined
      lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / (lower[j * n + j] as number)
    }
  }
  return lower
}

/** `(L · Lᵀ)⁻¹ · b`: b [n, m]. */
export function choleskySolve(lower: Float64Array, b: Float64Array, n: number, m: number): Float64Array {
  const x = b.slice()
  const eliminate = (i: number, l: number, factor: number): void => {
    for (let j = 0; j < m; j++) x[i * m + j] = (x[i * m + j] as number) - factor * (x[l * m + j] as number)
  }
  const divide = (i: number): void => {
    for (let j = 0; j < m; j++) x[i * m + j] = (x[i * m + j] as number) / (lower[i * n + i] as number)
  }
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < i; l++) eliminate(i, l, lower[i * n + l] as number)
    divide(i)
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let l = i + 1; l < n; l++) eliminate(i, l, lower[l * n + i] as number)
    divide(i)
  }
  return x
}

export function identity(n: number): Float64Array {
  const one = new Float64Array(n * n)
  for (let i = 0; i < n; i++) one[i * n + i] = 1
  return one
}

/** log of the determinant of `L · Lᵀ`. */
export function logDeterminant(lower: Float64Array, n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += 2 * Math.log(lower[i * n + i] as number)
  return sum
}
