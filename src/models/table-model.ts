import { planOf } from '../convert/plan.ts'
import type { Conversion, Form } from '../convert/sklearn/convert.ts'
import type { Converted } from '../convert/sklearn/converter.ts'
import type { TableSignature } from '../convert/sklearn/signature.ts'
import { InferError, show } from '../errors.ts'
import { castTensor } from '../tensor/cast.ts'
import type { HostValue, Scalar, Table } from '../tensor/host-value.ts'
import { describe, type NamedTensor, type Tensor, valueAt } from '../tensor/tensor.ts'
import type { Labels, MethodAnswer, Model } from './model.ts'
import { columnsOf, METHODS, type Method } from './outputs.ts'
import { type OpenPlan, openPlan } from './run-plan.ts'
import type { TableSource } from './table-source.ts'

/** Methods whose columns are the classes. */
const SCORES = new Set<string>(['predict_proba', 'predict_log_proba', 'decision_function'])

/** What a record may be like, to see whether a model of records can be converted. */
const ANY_NAMES = ['feature']

/** Sets of methods asked for at once, forms of input: more than a client thinks of, fewer than memory minds. */
const MAX_PLANS = 32

/** A fitted estimator or booster, converted and ready to run. @throws InferError bad_model that names the estimator */
export async function openTable(path: string, bytes: Uint8Array, source: TableSource): Promise<Model> {
  const { signature } = source
  const { form, width = 1, takesAnyNames } = signature
  const names = takesAnyNames ? ANY_NAMES : signature.names
  const plans = new Plans(source)
  const methods = methodsOf(plans.convert({ form, width, names }).made)
  if (methods.length === 0) throw new InferError('bad_model', `${source.type} neither predicts nor transforms`)
  // What ONNX Runtime refuses is known before the first request.
  await plans.get({ form, width, names }, methods.slice(0, 1))
  const run = (input: Tensor | Table, asked: readonly string[]) => runTable(input, asked, { plans, methods, signature })
  return {
    path,
    bytes: bytes.length,
    inputs: [{ name: 'X', dtype: 'float64', dims: ['rows', signature.width ?? 'columns'] }],
    outputs: [],
    classes: new Map(),
    methods,
    table: { run },
    run: async (inputs) => {
      if (inputs.length !== 1)
        throw new InferError('bad_request', `the model takes one matrix; the request gives ${inputs.length} inputs`)
      const answers = await run(inputs[0] as Tensor, [methods[0] as string])
      return answers.flatMap(({ method, outputs }) =>
        outputs.map((tensor): NamedTensor => ({ ...tensor, name: method })),
      )
    },
    close: () => plans.close(),
  }
}

const methodsOf = (made: Converted): Method[] => METHODS.filter((method) => made[method] !== undefined)

interface Means {
  readonly plans: Plans
  readonly methods: readonly string[]
  readonly signature: TableSignature
}

async function runTable(
  input: Tensor | Table,
  asked: readonly string[],
  { plans, methods, signature }: Means,
): Promise<MethodAnswer[]> {
  if (new Set(asked).size < asked.length)
    throw new InferError('bad_request', `data.method is ${show(asked)}; say each name once`)
  for (const method of asked) {
    if (!methods.includes(method))
      throw new InferError('bad_request', `data.method is ${show(method)}; this model has ${methods.join(', ')}`)
  }
  const rows = 'cells' in input ? tableRows(input, signature) : matrixRows(input, signature)
  const { plan, layout } = await plans.get(rows, asked as readonly Method[])
  const values = await plan.run([rows.value])
  let at = 0
  return layout.map(({ method, count, classes }) => {
    const outputs = values.slice(at, at + (count ?? 1)).map(delivered)
    at += outputs.length
    return { method, outputs, isList: count !== null, ...(classes && { classes }) }
  })
}

/**
 * Cells that passed through: numbers where none is text, as numpy joins columns of numbers and booleans; else they
 * cross to the front as texts do, as JSON.
 */
function delivered(value: HostValue): Tensor {
  if (value.dtype !== 'object') return value as Tensor
  const { dims, data } = value
  if (data.some((cell) => typeof cell === 'string'))
    return { dtype: 'string', dims, data: data.map(jsonCell) as string[] }
  return {
    dtype: 'float64',
    dims,
    data: Float64Array.from(data, (cell) => (cell === null ? Number.NaN : Number(cell))),
  }
}

const jsonCell = (cell: Scalar): Scalar =>
  typeof cell === 'bigint' ? Number(cell) : cell === Infinity || cell === -Infinity ? String(cell) : cell

/** The input of a plan: what it is, and its width. */
interface Rows {
  readonly form: Form
  readonly width: number
  readonly names: readonly string[] | undefined
  readonly value: HostValue
}

function matrixRows(tensor: Tensor, { width, names, form }: TableSignature): Rows {
  if (tensor.dtype === 'string' && (form === 'texts' || tensor.dims.length === 1))
    return textRows(tensor.data as string[], tensor.dims[0] ?? 0)
  if (tensor.dims.length !== 2)
    throw new InferError(
      'bad_request',
      `the model takes a matrix, a list for each row; the request gives ${describe(tensor)}`,
    )
  const [, given = 0] = tensor.dims
  checkWidth(given, width)
  if (tensor.dtype === 'string') {
    return {
      form: 'table',
      width: given,
      names,
      value: { dtype: 'object', dims: tensor.dims, data: tensor.data as string[] },
    }
  }
  return { form: 'matrix', width: given, names, value: castTensor(tensor, 'float64', 'X') }
}

const textRows = (texts: readonly Scalar[], rows: number): Rows => ({
  form: 'texts',
  width: 1,
  names: undefined,
  value: { dtype: 'object', dims: [rows], data: texts },
})

/** The cells in the order in which the estimator was fitted. */
function tableRows(table: Table, signature: TableSignature): Rows {
  const { rows, cells } = table
  if (table.texts) {
    if (signature.form !== 'texts' && (signature.width ?? 1) !== 1)
      throw new InferError('bad_request', `the model takes ${signature.width} columns; the request gives texts`)
    return textRows(cells, rows)
  }
  const width = cells.length / rows
  if (!table.names) {
    if (signature.form === 'texts' && width === 1) return textRows(cells, rows)
    checkWidth(width, signature.width)
    return {
      form: 'table',
      width,
      names: signature.names,
      value: { dtype: 'object', dims: [rows, width], data: cells },
    }
  }
  if (signature.takesAnyNames) {
    const value: HostValue = { dtype: 'object', dims: [rows, width], data: cells }
    return { form: 'table', width, names: table.names, value }
  }
  if (!signature.names) {
    throw new InferError(
      'bad_request',
      'the model was fitted without column names, so records cannot be put in order; give values, a list for each row',
    )
  }
  const { names, dropsUnknown } = signature
  const unknown = table.names.find((name) => !names.includes(name))
  if (unknown !== undefined && !dropsUnknown)
    throw new InferError('bad_request', `the model has no column ${show(unknown)}; its columns are ${listed(names)}`)
  const places = names.map((name) => table.names?.indexOf(name) ?? -1)
  const ordered: Scalar[] = []
  for (let row = 0; row < rows; row++)
    for (const place of places) ordered.push(place < 0 ? null : (cells[row * width + place] as Scalar))
  return {
    form: 'table',
    width: names.length,
    names,
    value: { dtype: 'object', dims: [rows, names.length], data: ordered },
  }
}

const SHOWN_NAMES = 12
const listed = (names: readonly string[]): string =>
  names.length <= SHOWN_NAMES
    ? names.join(', ')
    : `${names.slice(0, SHOWN_NAMES).join(', ')} and ${names.length - SHOWN_NAMES} more`

function checkWidth(given: number, width: number | undefined): void {
  if (width !== undefined && given !== width)
    throw new InferError('bad_request', `the model takes ${width} columns; the request gives ${given}`)
}

interface CompiledPlan {
  readonly plan: OpenPlan
  readonly layout: readonly { method: Method; count: number | null; classes: readonly Labels[] | undefined }[]
}

/**
 * The plans of one model, compiled when first asked for; the one unused for longest goes first. The last conversion is
 * kept, as rows of one form come again, for another method.
 */
class Plans {
  readonly #source: TableSource
  readonly #plans = new Map<string, Promise<CompiledPlan>>()
  #last: { readonly key: string; readonly conversion: Conversion } | undefined

  constructor(source: TableSource) {
    this.#source = source
  }

  get({ form, width, names }: Omit<Rows, 'value'>, methods: readonly Method[]): Promise<CompiledPlan> {
    const own = names === undefined || names === this.#source.signature.names
    const key = `${form} ${width} ${methods} ${own ? '' : JSON.stringify(names)}`
    const known = this.#plans.get(key)
    const plan = known ?? this.#compile({ form, width, names }, methods)
    this.#plans.delete(key)
    this.#plans.set(key, plan)
    if (known) return plan
    plan.catch(() => this.#plans.delete(key))
    if (this.#plans.size > MAX_PLANS) this.#evict()
    return plan
  }

  /** @throws InferError bad_model that names what is not converted, for rows of this form */
  convert({ form, width, names }: Omit<Rows, 'value'>): Conversion {
    const key = `${form} ${width} ${names === this.#source.signature.names || JSON.stringify(names)}`
    if (this.#last?.key !== key) this.#last = { key, conversion: this.#source.convert({ form, width, names }) }
    return this.#last.conversion
  }

  async #compile(rows: Omit<Rows, 'value'>, methods: readonly Method[]): Promise<CompiledPlan> {
    return compile(this.convert(rows), methods)
  }

  async close(): Promise<void> {
    for (const plan of this.#plans.values()) (await plan).plan.close()
  }

  #evict(): void {
    const [key, plan] = this.#plans.entries().next().value as [string, Promise<CompiledPlan>]
    this.#plans.delete(key)
    plan.then((compiled) => compiled.plan.close()).catch(() => {})
  }
}

async function compile({ graph, made }: Conversion, methods: readonly Method[]): Promise<CompiledPlan> {
  const layout = methods.map((method) => {
    const values = columnsOf(made, method)
    return { method, values, count: values.isList ? values.list.length : null, classes: classesOf(made, method) }
  })
  const outputs = layout.flatMap(({ method, values }) =>
    values.list.map((value, i) => ({ name: `${method}_${i}`, value })),
  )
  return { plan: await openPlan(planOf(graph, outputs)), layout }
}

function classesOf({ classes }: Converted, method: Method): readonly Labels[] | undefined {
  if (!classes || !SCORES.has(method)) return undefined
  const lists = Array.isArray(classes) ? classes : [classes]
  return lists.map((labels: Tensor) => Array.from({ length: labels.data.length }, (_, i) => valueAt(labels, i)))
}
