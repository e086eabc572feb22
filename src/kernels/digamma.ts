const EULER = 0.5772156649015329

/**
 * ψ(x) for x > 0 as scikit-learn's topic model has it: Bernardo's AS 103, whose error of up to 2e-9 is part of what
 * it answers. https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/decomposition/_online_lda_fast.pyx
 */
export function quickDigamma(x: number): number {
  if (x <= 1e-6) return -EULER - 1 / x
  let at = x
  let sum = 0
  while (at < 6) {
    sum -= 1 / at
    at += 1
  }
  const r = 1 / at
  const square = r * r
  return sum + (Math.log(at) - 0.5 * r) - square * (1 / 12 - square * (1 / 120 - square * (1 / 252)))
}

/** ψ(x) for x > 0, to the last digits: upwards by ψ(x) = ψ(x+1) - 1/x, then the asymptotic series. */
export function digamma(x: number): number {
  if (!(x > 0)) return Number.NaN
  let at = x
  let sum = 0
  while (at < 10) {
    sum -= 1 / at
    at += 1
  }
  const square = 1 / (at * at)
  let series = 0
  for (const term of SERIES) series = square * (term + series)
  return sum + Math.log(at) - 0.5 / at - series
}

/** B₂ₖ / 2k, the last first. */
const SERIES = [1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12]
