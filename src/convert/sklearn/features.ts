import { densify, multiply } from '../../kernels/sparse.ts'
import { selectColumns, toNumbers } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { Objects, Sparse } from '../../tensor/host-value.ts'
import type { Tensor } from '../../tensor/tensor.ts'

/** The columns of the request that features still are: where one is missing there, it is missing here. */
export interface Raw {
  readonly input: Expr
  readonly columns: readonly number[]
}

/**
 * What a converter is given: a matrix of `width` columns, one row a sample. Numbers are float64; a table with text in
 * it is a value of objects until a converter has made numbers of it; text vectorizers give sparse matrices.
 */
export class Features {
  /** [rows, width]; texts are [rows]. */
  readonly value: Expr
  readonly width: number
  /** Column names, where the caller or an earlier step gives them. */
  readonly names: readonly string[] | undefined
  /** `undefined` once a step has seen to what is missing. */
  readonly raw: Raw | undefined
  #numbers: Expr | undefined

  constructor(value: Expr, width: number, names?: readonly string[], raw?: Raw) {
    this.value = value
    this.width = width
    this.names = names
    this.raw = raw
  }

  /** As float64 [rows, width]. Text that is no number is refused when it comes, by column and row. */
  get numbers(): Expr {
    this.#numbers ??= this.#toNumbers()
    return this.#numbers
  }

  /** `x · matrix`: [rows, outputs] of a matrix [width, outputs], [rows] of [width]. Sparse features stay sparse. */
  times(matrix: Tensor): Expr {
    const { value } = this
    if (value.dtype !== 'sparse') return this.numbers.matmul(matrix)
    const run = (features: unknown) => [multiply(features as Sparse, matrix)]
    return value.graph.host('sparse product', [value], ['float64'], run)[0] as Expr
  }

  /** The same columns with other values: a missing value is still one. */
  with(value: Expr): Features {
    return new Features(value, this.width, this.names, this.raw)
  }

  /** Some of the columns, in the order asked for. */
  select(columns: readonly number[]): Features {
    if (columns.length === this.width && columns.every((column, i) => column === i)) return this
    const { value, names, raw } = this
    const chosen =
      value.dtype === 'object'
        ? (value.graph.host('columns of a table', [value], ['object'], (table) => [
            selectColumns(table as Objects, columns),
          ])[0] as Expr)
        : this.numbers.gather(columns, 1)
    return new Features(
      chosen,
      columns.length,
      names && columns.map((column) => names[column] as string),
      raw && { input: raw.input, columns: columns.map((column) => raw.columns[column] as number) },
    )
  }

  #toNumbers(): Expr {
    const { value, names } = this
    const { graph } = value
    if (value.dtype === 'object') {
      const run = (table: unknown) => [toNumbers(table as Objects, names)]
      return graph.host('numbers of a table', [value], ['float64'], run)[0] as Expr
    }
    if (value.dtype === 'sparse')
      return graph.host('dense', [value], ['float64'], (matrix) => [densify(matrix as Sparse)])[0] as Expr
    return value.cast('float64')
  }
}
