import { InferError } from '../../errors.ts'
import { Graph } from '../../onnx/graph.ts'
import type { HostType } from '../../tensor/host-value.ts'
import type { Convert, Converted } from './converter.ts'
import type { Estimator } from './estimator.ts'
import { Features } from './features.ts'
import { requireFinite } from './guard.ts'
import { converterOf, TAKES } from './table.ts'

/** Estimators within estimators; Python's own recursion ends at 1000 calls. */
const MAX_DEPTH = 64

/** How the rows of a request come: a matrix of numbers, a table of mixed columns, or texts. */
export type Form = 'matrix' | 'table' | 'texts'

export interface Conversion {
  readonly graph: Graph
  readonly made: Converted
}

const INPUTS: Readonly<Record<Form, HostType>> = { matrix: 'float64', table: 'object', texts: 'object' }

/**
 * A fitted estimator as a graph with one input, `X`: float64 [rows, width], objects [rows, width], or texts [rows].
 * @throws InferError bad_model that names what of it is not converted
 */
export function convertEstimator(model: Estimator, form: Form, width: number, names?: readonly string[]): Conversion {
  const graph = new Graph()
  const dims = form === 'texts' ? ['rows'] : ['rows', width]
  const input = graph.input('X', INPUTS[form], dims)
  const raw = form === 'texts' ? undefined : { input, columns: Array.from({ length: width }, (_, i) => i), names }
  const x = new Features(input, form === 'texts' ? 1 : width, names, raw)
  let depth = 0
  const convert: Convert = (inner, features) => {
    const converter = converterOf.get(inner.type)
    if (!converter) throw new InferError('bad_model', `${inner.type} is not supported`)
    if (++depth > MAX_DEPTH) throw new InferError('bad_model', `${model.type} nests more than ${MAX_DEPTH} estimators`)
    const takes = TAKES.get(inner.type) ?? 'finite'
    if (takes !== 'anything') requireFinite(inner, features, takes)
    const made = converter(inner, features, graph, convert)
    depth--
    return made
  }
  return { graph, made: convert(model, x) }
}
