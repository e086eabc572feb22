import { isGlobal, isObject, typeName, type Value } from '../../formats/values.ts'
import { eachNumber } from '../../kernels/numbers.ts'
import type { Converter } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features, overNumbers } from './features.ts'
import { requireFinite } from './guard.ts'

/** To the nearest, halves to the even. */
function rint(x: number): number {
  const rounded = Math.round(x)
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

const DEGREES = 180 / Math.PI
const exp2 = (x: number): number => 2 ** x
const nanToNum = (x: number): number =>
  Number.isNaN(x) ? 0 : Math.min(Math.max(x, -Number.MAX_VALUE), Number.MAX_VALUE)

/** numpy's functions of one number, in all their names. */
// biome-ignore format: one row per function
const FUNCTIONS: ReadonlyMap<string, (x: number) => number> = new Map(Object.entries({
  abs: Math.abs, absolute: Math.abs, fabs: Math.abs, negative: (x: number) => -x, positive: (x: number) => x,
  sign: Math.sign, square: (x: number) => x * x, sqrt: Math.sqrt, cbrt: Math.cbrt, reciprocal: (x: number) => 1 / x,
  exp: Math.exp, exp2, expm1: Math.expm1, log: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p,
  sin: Math.sin, cos: Math.cos, tan: Math.tan, sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
  arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan, asin: Math.asin, acos: Math.acos, atan: Math.atan,
  arcsinh: Math.asinh, arccosh: Math.acosh, arctanh: Math.atanh, asinh: Math.asinh, acosh: Math.acosh, atanh: Math.atanh,
  floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc, fix: Math.trunc, rint, round: rint, around: rint, round_: rint,
  deg2rad: (x: number) => x / DEGREES, radians: (x: number) => x / DEGREES,
  rad2deg: (x: number) => x * DEGREES, degrees: (x: number) => x * DEGREES, nan_to_num: nanToNum,
  isnan: (x: number) => Number(Number.isNaN(x)), isfinite: (x: number) => Number(Number.isFinite(x)),
  signbit: (x: number) => Number(x < 0 || Object.is(x, -0)), logical_not: (x: number) => Number(x === 0),
}))

/** Functions that hand on what they get. */
const IDENTITIES = new Set(['asarray', 'array', 'asanyarray', 'ascontiguousarray', 'copy'])

/** A function that numpy has, or none: what a file calls otherwise is only a name. */
export const functionTransformer: Converter = (model, x) => {
  if (model.flag('validate', false)) requireFinite(model, x, 'finite')
  const func = model.raw('func')
  if (func === undefined) return { transform: x }
  const name = nameOf(func)
  if (name === undefined) throw model.unsupported(`func=${typeName(func)}`, ['functions of numpy'])
  const [, bare = ''] = /^numpy\.(?:.*\.)?([a-z0-9_]+)$/.exec(name) ?? []
  const settings = keywordsOf(model)
  if (IDENTITIES.has(bare) && settings.size === 0) return { transform: x }
  const change = settings.size === 0 ? FUNCTIONS.get(bare) : withSettings(bare, settings)
  if (!change) throw model.unsupported(`func=${name}${settings.size > 0 ? ' and its kw_args' : ''}`)
  const value = overNumbers(bare, x, (numbers) => eachNumber(change, numbers))
  return { transform: Number.isNaN(change(Number.NaN)) ? x.with(value) : new Features(value, x.width, x.names) }
}

/** The function's name; old numpy's pickles have `_ufunc_reconstruct(module, name)` in its place. */
function nameOf(func: Value): string | undefined {
  if (isGlobal(func)) return func.name
  if (!isObject(func) || !func.type.endsWith('._ufunc_reconstruct')) return undefined
  const [module, name] = func.args
  return typeof module === 'string' && typeof name === 'string' ? `${module}.${name}` : undefined
}

function keywordsOf(model: Estimator): ReadonlyMap<string, number | undefined> {
  const value = model.raw('kw_args')
  if (!(value instanceof Map)) return new Map()
  return new Map([...value].map(([name, setting]) => [String(name), setting === null ? undefined : Number(setting)]))
}

/** The functions whose keyword arguments are numbers. */
function withSettings(
  name: string,
  settings: ReadonlyMap<string, number | undefined>,
): ((x: number) => number) | undefined {
  const takes = (...names: readonly string[]): boolean => [...settings.keys()].every((key) => names.includes(key))
  if (name === 'clip' && takes('a_min', 'a_max', 'min', 'max')) {
    const low = settings.get('a_min') ?? settings.get('min') ?? Number.NEGATIVE_INFINITY
    const high = settings.get('a_max') ?? settings.get('max') ?? Number.POSITIVE_INFINITY
    return (x) => Math.min(Math.max(x, low), high)
  }
  if ((name === 'round' || name === 'around' || name === 'round_') && takes('decimals')) {
    const scale = 10 ** (settings.get('decimals') ?? 0)
    return scale >= 1 ? (x) => rint(x * scale) / scale : undefined
  }
  if (name === 'nan_to_num' && takes('nan') && settings.has('nan')) {
    const filled = settings.get('nan') ?? 0
    return (x) => (Number.isNaN(x) ? filled : nanToNum(x))
  }
  return undefined
}
