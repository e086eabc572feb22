import { InferError } from '../../errors.ts'
import { Graph, type Target } from '../../onnx/graph.ts'
import type { HostType } from '../../tensor/host-value.ts'
import type { Convert, Converted } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { requireFinite } from './guard.ts'
import { converterOf, TAKES, type Takes } from './table.ts'
import { unsupported } from './unsupported.ts'

/** Estimators within estimators; Python's own recursion ends at 1000 calls. */
const MAX_DEPTH = 64

/** How the rows of a request come: a matrix of numbers, a table of mixed columns, or texts. */
export type Form = 'matrix' | 'table' | 'texts'

export interface Conversion {
  readonly graph: Graph
  readonly made: Converted
}

/** The rows that a conversion is for, and what it is for. */
export interface Rows {
  readonly form: Form
  readonly width: number
  readonly names?: readonly string[] | undefined
  readonly target?: Target
}

const INPUTS: Readonly<Record<Form, HostType>> = { matrix: 'float64', table: 'object', texts: 'object' }

/**
 * A fitted estimator as a graph with one input, `X`: float64 [rows, width], objects [rows, width], or texts [rows].
 * @throws InferError bad_model that names what of it is not converted
 */
export function convertEstimator(model: Estimator, rows: Rows): Conversion {
  let depth = 0
  let members = 0
  const convert: Convert = (inner, features) => {
    const converter = converterOf.get(inner.type)
    if (!converter) throw new InferError('bad_model', unsupported(inner.type))
    if (++depth > MAX_DEPTH) throw new InferError('bad_model', `${model.type} nests more than ${MAX_DEPTH} estimators`)
    const rule = TAKES.get(inner.type) ?? 'finite'
    guard(inner.type, typeof rule === 'function' ? rule(inner) : rule, features)
    const within = members
    if (!FORWARDING.test(inner.type)) members++
    const made = asMember(inner, converter(inner, features, features.value.graph, convert), within > 0)
    members = within
    depth--
    return made
  }
  return start(rows, (x) => convert(model, x))
}

/** What is no estimator, as such a graph. @param type who takes no such value, for sentences */
export const convertTable = (type: string, takes: Takes, rows: Rows, convert: (x: Features) => Converted): Conversion =>
  start(rows, (x) => {
    guard(type, takes, x)
    return convert(x)
  })

function start({ form, width, names, target = 'serve' }: Rows, convert: (x: Features) => Converted): Conversion {
  const graph = new Graph(undefined, target)
  const dims = form === 'texts' ? ['rows'] : ['rows', width]
  const input = graph.input('X', INPUTS[form], dims)
  const raw = form === 'texts' ? undefined : { input, columns: Array.from({ length: width }, (_, i) => i), names }
  return { graph, made: convert(new Features(input, form === 'texts' ? 1 : width, names, raw)) }
}

function guard(type: string, takes: Takes, x: Features): void {
  if (takes !== 'anything') requireFinite({ type }, x, takes)
}

/** Composites whose methods are their last step's. */
const FORWARDING = /\.(Pipeline|\w+SearchCV)$/

/**
 * Boosters answer their raw score as `decision_function` by themselves and at the end of a pipeline: their Python
 * classes have no such method (LightGBM's has since 4.7, which keeps `_fitted_with_feature_names`), so what calibrates,
 * votes or stacks them takes probabilities.
 */
function asMember(model: Estimator, made: Converted, isMember: boolean): Converted {
  if (!isMember || !/^(xgboost|lightgbm|catboost)\./.test(model.type) || model.has('_fitted_with_feature_names'))
    return made
  const { decision_function: _, ...rest } = made
  return rest
}
