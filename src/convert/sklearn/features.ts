import { InferError } from '../../errors.ts'
import { densify, multiply, selectSparse, stackSparse } from '../../kernels/sparse.ts'
import { joinTables, numbersOf, selectColumns } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostValue, Objects, Sparse } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'

/**
 * The columns of the request that features still are, -1 for those that are something else: where one is missing
 * there, it is missing here.
 */
export interface Raw {
  readonly input: Expr
  readonly columns: readonly number[]
  /** What the request calls all of its columns. */
  readonly names?: readonly string[] | undefined
}

/** Some columns of a table or matrix, for kernels that read cells where they lie. Texts are one column. */
export interface Cells {
  readonly table: Expr
  readonly columns: readonly number[]
}

/**
 * What a converter is given: a matrix of `width` columns, one row a sample. Numbers are float64; a table with text in
 * it is a value of objects until a converter has made numbers of it; text vectorizers give sparse matrices.
 */
export class Features {
  readonly width: number
  /** Column names, where the caller or an earlier step gives them. */
  readonly names: readonly string[] | undefined
  /** `undefined` once a step has seen to what is missing. */
  readonly raw: Raw | undefined
  /** Where the columns lie in a larger table. */
  readonly #within: Cells | undefined
  /** What stands side by side. */
  readonly #parts: readonly Features[] | undefined
  #value: Expr | undefined
  #numbers: Expr | undefined

  constructor(value: Expr | Cells | readonly Features[], width: number, names?: readonly string[], raw?: Raw) {
    this.width = width
    this.names = names
    this.raw = raw
    if (Array.isArray(value)) this.#parts = value as readonly Features[]
    else if ('table' in value) this.#within = value
    else this.#value = value as Expr
  }

  /** Side by side, in order. */
  static join(parts: readonly Features[]): Features {
    const [first] = parts
    if (parts.length === 1 && first) return first
    const raws = parts.flatMap(({ raw }) => (raw ? [raw] : []))
    const columns = parts.flatMap(({ raw, width }) => raw?.columns ?? new Array<number>(width).fill(-1))
    const [raw] = raws
    return new Features(
      parts,
      parts.reduce((width, part) => width + part.width, 0),
      parts.every(({ names }) => names) ? parts.flatMap(({ names }) => names as readonly string[]) : undefined,
      raw && { ...raw, columns },
    )
  }

  /** [rows, width]; texts are [rows]. */
  get value(): Expr {
    this.#value ??= this.#within ? selected(this.#within) : joined(this.#parts ?? [])
    return this.#value
  }

  /** As float64 [rows, width]. Text that is no number is refused when it comes, by column and row. */
  get numbers(): Expr {
    this.#numbers ??= this.#toNumbers()
    return this.#numbers
  }

  /** As cells of any type, without a copy where they are columns of a table. */
  get cells(): Cells {
    if (this.#within) return this.#within
    const table = this.value.dtype === 'object' ? this.value : this.numbers
    return { table, columns: Array.from({ length: this.width }, (_, i) => i) }
  }

  /** Whether some of it may be text. */
  get isMixed(): boolean {
    return this.#dtypes().includes('object')
  }

  get isSparse(): boolean {
    const dtypes = this.#dtypes()
    return dtypes.includes('sparse') && !dtypes.includes('object')
  }

  /** `x · matrix`: [rows, outputs] of a matrix [width, outputs], [rows] of [width]. Sparse features stay sparse. */
  times(matrix: Tensor): Expr {
    if (!this.isSparse) return this.numbers.matmul(matrix)
    const run = (features: unknown) => [multiply(features as Sparse, matrix)]
    return this.value.graph.host('sparse product', [this.value], ['float64'], run)[0] as Expr
  }

  /** The same columns with other values: a missing value is still one. */
  with(value: Expr): Features {
    return new Features(value, this.width, this.names, this.raw)
  }

  /** Some of the columns, in the order asked for. */
  select(columns: readonly number[]): Features {
    if (columns.length === this.width && columns.every((column, i) => column === i)) return this
    const { names, raw } = this
    return new Features(
      this.#selection(columns),
      columns.length,
      names && columns.map((column) => names[column] as string),
      raw && { ...raw, columns: columns.map((column) => raw.columns[column] as number) },
    )
  }

  #selection(columns: readonly number[]): Expr | Cells {
    if (!this.isSparse) {
      const within = this.cells
      return { table: within.table, columns: columns.map((column) => within.columns[column] as number) }
    }
    const { width, value } = this
    const places = new Int32Array(width).fill(-1)
    for (const [i, column] of columns.entries()) places[column] = i
    const run = (matrix: unknown) => [selectSparse(matrix as Sparse, places, columns.length)]
    return value.graph.host('columns of a sparse matrix', [value], ['sparse'], run)[0] as Expr
  }

  #dtypes(): readonly string[] {
    if (this.#value) return [this.#value.dtype]
    if (this.#within) return [this.#within.table.dtype]
    return (this.#parts ?? []).flatMap((part) => part.#dtypes())
  }

  #toNumbers(): Expr {
    if (this.#parts && !this.isSparse) return sideBySide(withColumns(this.#parts))
    if (this.isMixed) {
      const { table, columns } = this.cells
      const run = (cells: unknown) => [numbersOf(cells as Objects, columns, this.names)]
      return table.graph.host('numbers of a table', [table], ['float64'], run)[0] as Expr
    }
    const { value } = this
    if (value.dtype === 'sparse')
      return value.graph.host('dense', [value], ['float64'], (matrix) => [densify(matrix as Sparse)])[0] as Expr
    return value.cast('float64')
  }
}

/**
 * A kernel that takes the features as numbers [rows, width] and gives a float64 matrix (or sparse, by `dtype`): it
 * reads them where they lie, so that no other stage has to run before it.
 */
export function overNumbers(
  name: string,
  x: Features,
  run: (numbers: Tensor) => HostValue,
  dtype: 'float64' | 'sparse' = 'float64',
): Expr {
  const { table, columns } = x.isSparse ? { table: x.numbers, columns: [...Array(x.width).keys()] } : x.cells
  const { names } = x
  const kernel = (cells: unknown) => [run(numbersOf(cells as Objects | Tensor, columns, names))]
  return table.graph.host(name, [table], [dtype], kernel)[0] as Expr
}

function selected({ table, columns }: Cells): Expr {
  if (table.dtype !== 'object') return table.gather(columns, 1)
  const run = (cells: unknown) => [selectColumns(cells as Objects, columns)]
  return table.graph.host('columns of a table', [table], ['object'], run)[0] as Expr
}

function joined(parts: readonly Features[]): Expr {
  const some = withColumns(parts)
  const { graph } = some[0].cells.table
  if (some.some(({ isMixed }) => isMixed)) {
    const cells = some.map((part) => part.cells)
    const columns = cells.map((part) => part.columns)
    const run = (...tables: readonly unknown[]) => [joinTables(tables as (Objects | Tensor)[], columns)]
    const tables = cells.map(({ table }) => table)
    return graph.host('tables side by side', tables, ['object'], run)[0] as Expr
  }
  if (!some.some(({ isSparse }) => isSparse)) return sideBySide(some)
  const values = some.map((part) => (part.isSparse ? part.value : part.numbers))
  const run = (...matrices: readonly unknown[]) => [stackSparse(matrices as (Sparse | Tensor)[])]
  return graph.host('sparse matrices side by side', values, ['sparse'], run)[0] as Expr
}

/** @throws InferError bad_model where no column is left */
function withColumns(parts: readonly Features[]): readonly [Features, ...Features[]] {
  const [first, ...others] = parts.filter(({ width }) => width > 0)
  if (!first) throw new InferError('bad_model', 'the transformers leave no column')
  return [first, ...others]
}

function sideBySide(parts: readonly [Features, ...Features[]]): Expr {
  const numbers = parts.map((part) => part.numbers)
  return (numbers[0] as Expr).graph.concat(numbers, 1)
}
