import { broken } from '../formats/cursor.ts'
import { type Json, readJson } from '../formats/json.ts'
import type { ZipEntry } from '../formats/zip.ts'
import { byCount, type Inspection, MAX_LISTED, type Port, shapeText } from './inspection.ts'
import { ParameterCount } from './parameters.ts'

/**
 * `torch.export` archives (torch/_export/serde/schema.py): the graph is JSON, of one file until 2.7 and of one a model
 * later. The limits are those of the zip and the JSON; the weights are not read.
 */
const PROGRAM = /^serialized_exported_program\.json$|^(?:[^/]*\/)?models\/[^/]+\.json$/

/** torch's scalar types, numbered from one as the schema does, and their bytes. */
// biome-ignore format: in the order of their numbers
const DTYPES: readonly (readonly [name: string, bytes: number])[] = [
  ['unknown', 0], ['uint8', 1], ['int8', 1], ['int16', 2], ['int32', 4], ['int64', 8], ['float16', 2], ['float32', 4],
  ['float64', 8], ['complex32', 4], ['complex64', 8], ['complex128', 16], ['bool', 1], ['bfloat16', 2], ['uint16', 2],
]

type Found = Pick<Inspection, 'facts' | 'inputs' | 'outputs' | 'operators' | 'parameters'>

/** @throws InferError bad_model where the archive has no graph */
export function inspectExportedProgram(entries: ReadonlyMap<string, ZipEntry>): Found {
  const entry = [...entries.values()].find(({ name }) => PROGRAM.test(name))
  if (entry === undefined) throw broken('pt2', 'it holds no graph: compiled packages are not read')
  const program = readJson(entry.read(), { format: 'pt2', nonFinite: true })
  const graph = at(program, 'graph_module', 'graph')
  const signature = at(program, 'graph_module', 'signature')
  const values = at(graph, 'tensor_values')
  const names = (specs: string, kind: string): string[] =>
    listOf(at(signature, specs)).flatMap((spec) => nameOf(at(spec, kind, 'arg')) ?? [])
  const version = at(program, 'torch_version')
  return {
    facts: typeof version === 'string' ? [['library', `Torch ${version}`]] : [],
    inputs: names('input_specs', 'user_input').map((name) => portOf(name, values)),
    outputs: names('output_specs', 'user_output').map((name) => portOf(name, values)),
    operators: byCount(countTargets(listOf(at(graph, 'nodes')))),
    parameters: parametersIn(listOf(at(signature, 'input_specs')), values),
  }
}

function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value
  for (const key of path) found = found instanceof Map ? found.get(key) : undefined
  return found
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value.slice(0, MAX_LISTED) : [])

/** `{as_tensor: {name}}`, or a name beside parameters. */
function nameOf(arg: Json | undefined): string | undefined {
  const name = at(arg, 'as_tensor', 'name') ?? at(arg, 'name')
  return typeof name === 'string' ? name : undefined
}

function countTargets(nodes: readonly Json[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const node of nodes) {
    const target = String(at(node, 'target')).replace(/^torch\.ops\./, '')
    counts.set(target, (counts.get(target) ?? 0) + 1)
  }
  return counts
}

const dtypeOf = (meta: Json | undefined): readonly [name: string, bytes: number] =>
  DTYPES[Number(at(meta, 'dtype'))] ?? ['unknown', 0]

/** torch 2.6 wrote `Symbol('s0', positive=True, integer=True)` where later ones write `s0`. */
const SYMBOL = /Symbol\('(\w+)'[^)]*\)/g

/** A dimension is a number, or an expression such as `s77`. */
const dimOf = (size: Json): number | string => {
  const dim = at(size, 'as_int') ?? at(size, 'as_expr', 'expr_str')
  return typeof dim === 'number' ? dim : typeof dim === 'string' ? dim.replace(SYMBOL, '$1') : '?'
}

function portOf(name: string, values: Json | undefined): Port {
  const meta = at(values, name)
  return { name, dtype: dtypeOf(meta)[0], shape: shapeText(listOf(at(meta, 'sizes')).map(dimOf)) }
}

function parametersIn(specs: readonly Json[], values: Json | undefined): Found['parameters'] {
  const sum = new ParameterCount()
  for (const spec of specs) {
    const name =
      nameOf(at(spec, 'parameter', 'arg')) ??
      nameOf(at(spec, 'buffer', 'arg')) ??
      nameOf(at(spec, 'tensor_constant', 'arg'))
    if (name === undefined) continue
    const meta = at(values, name)
    const count = listOf(at(meta, 'sizes')).reduce<number>((product, size) => product * (Number(dimOf(size)) || 0), 1)
    const [dtype, bytes] = dtypeOf(meta)
    sum.add(dtype, count, count * bytes)
  }
  return sum.sum
}
