/** Taylor coefficients of `1 / Γ(1 + z)` (Abramowitz and Stegun 6.1.34). */
const RECIPROCAL_GAMMA = [
  ...[1, 0.5772156649015329, -0.6558780715202538, -0.0420026350340952, 0.1665386113822915, -0.0421977345555443],
  ...[-0.009621971527877, 0.007218943246663, -0.0011651675918591, -0.0002152416741149, 0.0001280502823882],
  ...[-0.0000201348547807, -0.0000012504934821, 0.000001133027232, -0.0000002056338417, 6.116095e-9, 5.0020075e-9],
  ...[-1.1812746e-9, 1.043427e-10, 7.7823e-12, -3.6968e-12, 5.1e-13, -2.06e-14, -5.4e-15, 1.4e-15],
] as const

/** The error function, to about 1e-16: its series near zero, the continued fraction of `1 - erf` beyond. */
export function erf(x: number): number {
  const z = Math.abs(x)
  if (Number.isNaN(z)) return z
  if (z > 6) return Math.sign(x)
  const scale = 2 / Math.sqrt(Math.PI)
  if (z < 2.5) {
    let [term, sum] = [x, x]
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (2 * z * z) / (2 * n + 1)
      sum += term
    }
    return scale * Math.exp(-z * z) * sum
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = (0.5 * n) / (z + fraction)
  return Math.sign(x) * (1 - (0.5 * scale * Math.exp(-z * z)) / (z + fraction))
}

/** Γ of a positive number. */
export function gamma(x: number): number {
  const steps = Math.round(x) - 1
  const rest = x - 1 - steps
  let value = 1 / RECIPROCAL_GAMMA.reduceRight((sum, coefficient) => sum * rest + coefficient, 0)
  for (let k = 1; k <= steps; k++) value *= k + rest
  return steps < 0 ? value / (1 + rest + steps) : value
}

/**
 * The modified Bessel function of the second kind, of order `nu` >= 0 at x > 0: Temme's series (x <= 2) or the
 * continued fraction of Thompson and Barnett for two orders in [-1/2, 3/2], and from there upwards by recurrence.
 * N. M. Temme, On the numerical evaluation of the modified Bessel function of the third kind (1975).
 */
export function besselK(nu: number, x: number): number {
  const steps = Math.round(nu)
  const mu = nu - steps
  let [low, high] = x <= 2 ? temme(mu, x) : fraction(mu, x)
  for (let k = 1; k <= steps; k++) [low, high] = [high, low + (2 * (mu + k) * high) / x]
  return low
}

/** Orders mu and mu + 1. */
function temme(mu: number, x: number): [number, number] {
  const [odd, even] = gammas(mu)
  const [plus, minus] = [even - mu * odd, even + mu * odd]
  const angle = Math.PI * mu
  const d = -Math.log(x / 2)
  const e = mu * d
  const ratio = Math.abs(angle) < 1e-15 ? 1 : angle / Math.sin(angle)
  const hyperbolic = Math.abs(e) < 1e-15 ? 1 : Math.sinh(e) / e
  let f = ratio * (odd * Math.cosh(e) + even * hyperbolic * d)
  let p = (0.5 * Math.exp(e)) / plus
  let q = (0.5 * Math.exp(-e)) / minus
  let [c, sum, next] = [1, f, p]
  for (let k = 1; k < 500; k++) {
    f = (k * f + p + q) / (k * k - mu * mu)
    c *= (x * x) / (4 * k)
    p /= k - mu
    q /= k + mu
    const term = c * f
    sum += term
    next += c * (p - k * f)
    if (Math.abs(term) < Math.abs(sum) * 1e-17) break
  }
  return [sum, (next * 2) / x]
}

function fraction(mu: number, x: number): [number, number] {
  let b = 2 * (1 + x)
  let d = 1 / b
  let [h, step] = [d, d]
  let [before, now] = [0, 1]
  const first = 0.25 - mu * mu
  let [q, c, a] = [first, first, -first]
  let sum = 1 + q * step
  for (let k = 2; k < 10000; k++) {
    a -= 2 * (k - 1)
    c = (-a * c) / k
    const following = (before - b * now) / a
    before = now
    now = following
    q += c * following
    b += 2
    d = 1 / (b + a * d)
    step *= b * d - 1
    h += step
    const term = q * step
    sum += term
    if (Math.abs(term / sum) < 1e-17) break
  }
  const low = (Math.sqrt(Math.PI / (2 * x)) * Math.exp(-x)) / sum
  return [low, (low * (mu + x + 0.5 - first * h)) / x]
}

/** `(1 / Γ(1 - mu) - 1 / Γ(1 + mu)) / 2mu` and `(1 / Γ(1 - mu) + 1 / Γ(1 + mu)) / 2`. */
function gammas(mu: number): [number, number] {
  let [odd, even] = [0, 0]
  for (let k = RECIPROCAL_GAMMA.length - 1; k >= 0; k--) {
    const term = RECIPROCAL_GAMMA[k] as number
    if (k % 2 === 0) even = even * mu * mu + term
    else odd = odd * mu * mu - term
  }
  return [odd, even]
}
