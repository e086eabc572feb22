import { InferError } from '../errors.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'

/** Points that are joined by straight lines, ascending in x. One point is a constant. */
export interface PolyLine {
  readonly x: Float64Array
  readonly y: Float64Array
  /** What 'clip' clips to. */
  readonly low: number
  readonly high: number
  /** What is answered beyond the first and last point: NaN, their y, or an error. */
  readonly outside: 'nan' | 'clip' | 'raise'
  /** Whether it is computed in float32, and in which of scipy's ways: from a slope, or from shares of both ends. */
  readonly single?: 'slope' | 'shares' | undefined
}

/**
 * Each column along its own line, as `numpy.interp` does it; float32 as `scipy.interpolate.interp1d` does.
 * @param table float64 [rows, lines]
 * @returns float64 [rows, lines]
 * @throws InferError bad_request outside of a line that raises
 */
export function interpolate(lines: readonly PolyLine[], table: Tensor): Tensor {
  const values = table.data as Float64Array
  const out = new Float64Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const line = lines[i % lines.length] as PolyLine
    out[i] = line.single ? singleAt(line, values[i] as number) : at(line, values[i] as number)
  }
  return createTensor('float64', table.dims, out)
}

function at(line: PolyLine, given: number): number {
  const { x, y } = line
  if (x.length === 1) return y[0] as number
  const value = bounded(line, given)
  if (Number.isNaN(value)) return value
  const i = segmentOf(x, value)
  const [x0, x1, y0, y1] = [x[i], x[i + 1], y[i], y[i + 1]] as [number, number, number, number]
  if (i === x.length - 1 || value === x0) return y0
  const slope = (y1 - y0) / (x1 - x0)
  const result = slope * (value - x0) + y0
  if (!Number.isNaN(result)) return result
  const fromRight = slope * (value - x1) + y1
  return Number.isNaN(fromRight) && y0 === y1 ? y0 : fromRight
}

function singleAt(line: PolyLine, given: number): number {
  const { x, y } = line
  if (x.length === 1) return y[0] as number
  const value = bounded(line, Math.fround(given))
  if (Number.isNaN(value)) return value
  const last = segmentOf(x, value)
  const i = Math.min(x[last] === value && last > 0 ? last - 1 : last, x.length - 2)
  const [x0, x1, y0, y1] = [x[i], x[i + 1], y[i], y[i + 1]] as [number, number, number, number]
  const [run, before, after] = [Math.fround(x1 - x0), Math.fround(value - x0), Math.fround(x1 - value)]
  if (line.single === 'shares')
    return Math.fround(Math.fround(Math.fround(before / run) * y1) + Math.fround(Math.fround(after / run) * y0))
  const slope = Math.fround(Math.fround(y1 - y0) / run)
  return Math.fround(Math.fround(slope * before) + y0)
}

function bounded({ x, low, high, outside }: PolyLine, value: number): number {
  const inside = outside === 'clip' ? Math.min(Math.max(value, low), high) : value
  if (inside >= (x[0] as number) && inside <= (x.at(-1) as number)) return inside
  if (outside === 'raise')
    throw new InferError('bad_request', `${value} is beyond the values that the model was fitted to`)
  return Number.NaN
}

/** The last point at or before `value`, which is not before the first. */
function segmentOf(x: Float64Array, value: number): number {
  let [from, to] = [0, x.length]
  while (to - from > 1) {
    const middle = (from + to) >> 1
    if ((x[middle] as number) <= value) from = middle
    else to = middle
  }
  return from
}
