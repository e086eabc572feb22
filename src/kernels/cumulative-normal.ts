const SQRT_2_PI = Math.sqrt(2 * Math.PI)
/** Where the series, all of whose terms are positive, gives way to the tail's continued fraction. */
const TAIL = 3
const FRACTION_TERMS = 80

/**
 * The standard normal's distribution function, to about 1e-13 relative: `1/2 + f(x) (x + x^3/3 + x^5/15 + ...)` in the
 * middle, `f(x) / (x + 1/(x + 2/(x + ...)))` in the tails (Abramowitz and Stegun 26.2.11, 26.2.14).
 */
export function cumulativeNormal(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > TAIL) return 1 - tail(x)
  if (x < -TAIL) return tail(-x)
  let [term, sum] = [x, x]
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k
    sum += term
  }
  return 0.5 + density(x) * sum
}

function tail(x: number): number {
  let fraction = x
  for (let k = FRACTION_TERMS; k > 0; k--) fraction = x + k / fraction
  return density(x) / fraction
}

const density = (x: number): number => Math.exp((-x * x) / 2) / SQRT_2_PI
