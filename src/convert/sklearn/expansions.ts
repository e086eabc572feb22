import { isArray, isObject, isTuple, type Value } from '../../formats/values.ts'
import { binsOf, hotBinsOf } from '../../kernels/bins.ts'
import { multiplyColumns, type Products } from '../../kernels/polynomial.ts'
import { type SplineColumn, splinesOf, withEnds } from '../../kernels/spline.ts'
import type { Converter } from './converter.ts'
import { Estimator, numberOf, toFloats } from './estimator.ts'
import { Features, overNumbers } from './features.ts'
import { requireFinite, requireWidth } from './guard.ts'

/** Products that a file from a stranger may ask for. */
const MAX_PRODUCTS = 2 ** 22

/**
 * All products of up to `degree` columns, the lower degrees first.
 * https://github.com/scikit-learn/scikit-learn/blob/1.7.X/sklearn/preprocessing/_polynomial.py
 */
export const polynomialFeatures: Converter = (model, x) => {
  const degree = numberOf(model.raw('degree'))
  const [lowest, highest] = degree === undefined ? model.integers('degree') : [0, degree]
  if (lowest === undefined || highest === undefined) throw model.broken(['degree'], 'is no pair of numbers')
  const isBiased = model.flag('include_bias', true)
  const products = productsOf(x.width, lowest, highest, isBiased, model.flag('interaction_only', false))
  if (!products) throw model.unsupported(`more than ${MAX_PRODUCTS} products`)
  const width = products.given.length
  const value = overNumbers('products of columns', x, (numbers) => multiplyColumns(products, numbers))
  return { transform: new Features(value, width) }
}

function productsOf(
  width: number,
  lowest: number,
  highest: number,
  isBiased: boolean,
  isInteraction: boolean,
): Products | undefined {
  const parent: number[] = []
  const column: number[] = []
  const given: number[] = []
  const push = (from: number, factor: number, degree: number): void => {
    if (degree === 0 ? isBiased : degree >= lowest) given.push(parent.length)
    parent.push(from)
    column.push(factor)
  }
  push(-1, -1, 0)
  // By column: the first product of the last degree that begins with it.
  let starts = Array.from({ length: width + 1 }, (_, i) => i + 1)
  if (highest > 0) for (let i = 0; i < width; i++) push(-1, i, 1)
  for (let degree = 2; degree <= highest; degree++) {
    const next: number[] = []
    const end = starts[width] as number
    for (let i = 0; i < width; i++) {
      next.push(parent.length)
      for (let from = starts[isInteraction ? i + 1 : i] as number; from < end; from++) push(from, i, degree)
      if (parent.length > MAX_PRODUCTS) return undefined
    }
    next.push(parent.length)
    if (next[0] === parent.length) break
    starts = next
  }
  return { parent: Int32Array.from(parent), column: Int32Array.from(column), given: Int32Array.from(given) }
}

/** B-splines of each column. */
export const splineTransformer: Converter = (model, x) => {
  const extrapolation = model.oneOf(
    'extrapolation',
    ['error', 'constant', 'linear', 'continue', 'periodic'],
    'constant',
  )
  if (model.text('handle_missing', 'error') === 'error') requireFinite(model, x, 'finite')
  const isLinear = extrapolation === 'linear'
  const columns = model.list('bsplines_').map((spline, i) => splineOf(model, spline, isLinear ? i : 0))
  requireWidth(model, x, 'bsplines_', columns.length)
  const isBiased = model.flag('include_bias', true)
  const outputs = columns[0]?.outputs ?? 0
  if (columns.some((column) => column.outputs !== outputs)) throw model.broken(['bsplines_'], 'differ in width')
  const value = overNumbers('splines', x, (numbers) => splinesOf(columns, extrapolation, isBiased, numbers))
  return { transform: new Features(value, columns.length * (isBiased ? outputs : outputs - 1)) }
}

/** @param steps by how much upstream's loop over the columns has raised a degree below 2 before it came here */
function splineOf(model: Estimator, value: Value, steps: number): SplineColumn {
  if (!isObject(value)) throw model.broken(['bsplines_'], 'holds no splines')
  // Later releases of scipy wrap it: the state is (the spline itself, an empty array).
  const [inner] = isTuple(value.state) ? value.state.items : []
  const spline = new Estimator(isObject(inner) ? inner : value)
  const knots = spline.floats('t', '_t').data as Float64Array
  const { dims, data } = spline.floats('c', '_c')
  const degree = spline.number('k')
  const [basis = 0, outputs = 1] = dims
  const isWhole = Number.isInteger(degree) && degree >= 0 && knots.length === basis + degree + 1 && basis > degree
  if (!isWhole) throw model.broken(['bsplines_'], 'has knots and coefficients that do not fit')
  return withEnds(
    { knots, degree, coefficients: data as Float64Array, outputs },
    Math.max(degree, Math.min(degree + steps, 2)),
  )
}

/** The bin of each value, as a number or as a 1 in its place. */
export const kBinsDiscretizer: Converter = (model, x) => {
  const edges = model.list('bin_edges_').map((list) => {
    if (!isArray(list)) throw model.broken(['bin_edges_'], 'holds no arrays')
    return toFloats(list).slice(1, -1)
  })
  requireWidth(model, x, 'bin_edges_', edges.length)
  const bins = { edges, isTolerant: !model.isSince(1, 1) }
  if (model.oneOf('encode', ['onehot', 'onehot-dense', 'ordinal'], 'onehot') === 'ordinal')
    return {
      transform: new Features(
        overNumbers('bins', x, (numbers) => binsOf(bins, numbers)),
        x.width,
      ),
    }
  const width = edges.reduce((sum, list) => sum + list.length + 1, 0)
  return {
    transform: new Features(
      overNumbers('bins', x, (numbers) => hotBinsOf(bins, numbers)),
      width,
    ),
  }
}
