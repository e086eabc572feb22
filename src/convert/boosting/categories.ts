import { InferError, show } from '../../errors.ts'
import type { Json } from '../../formats/json.ts'
import { numbersOf } from '../../kernels/table.ts'
import type { Expr } from '../../onnx/expr.ts'
import type { HostValue, Objects, Scalar } from '../../tensor/host-value.ts'
import type { Features } from '../sklearn/features.ts'

/**
 * The rows as numbers, float64 [rows, columns]; of a table, categories are their positions in the lists that the file
 * has of them.
 * @param unknown what a category is that is in no list: LightGBM takes it for missing, XGBoost refuses it
 */
export function categoryNumbers(
  x: Features,
  categories: ReadonlyMap<number, readonly Json[]>,
  unknown: 'missing' | 'refused',
): Expr {
  if (x.value.dtype !== 'object' || categories.size === 0) return x.numbers
  const codes = new Map([...categories].map(([column, list]) => [column, codesOf(list)]))
  const columns = Array.from({ length: x.width }, (_, i) => i)
  const run = (table: HostValue) => [numbersOf(coded(table as Objects, codes, unknown, x.names), columns, x.names)]
  return x.value.graph.host('categories', [x.value], ['float64'], run)[0] as Expr
}

const codesOf = (list: readonly Json[]): ReadonlyMap<unknown, number> =>
  new Map(list.map((category, code) => [plain(category), code]))

const plain = (category: unknown): unknown => (typeof category === 'bigint' ? Number(category) : category)

function coded(
  table: Objects,
  codes: ReadonlyMap<number, ReadonlyMap<unknown, number>>,
  unknown: 'missing' | 'refused',
  names: readonly string[] | undefined,
): Objects {
  const columns = table.dims[1] as number
  const data = table.data.map((cell, i): Scalar => {
    const list = codes.get(i % columns)
    if (!list) return cell
    const code = list.get(plain(cell))
    if (code === undefined && unknown === 'refused' && cell !== null && !Number.isNaN(cell))
      throw new InferError(
        'bad_request',
        `row ${Math.floor(i / columns)} has ${show(cell)} in column ${names?.[i % columns] ?? i % columns}, which is none of its ${list.size} categories`,
      )
    return code ?? null
  })
  return { ...table, data }
}
