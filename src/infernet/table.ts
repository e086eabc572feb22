/**
 * What table models take beside a matrix (reference page `samples-and-tables`), told apart by its key:
 *
 *   {records: [{name: cell, …}, …]}    {columns: {name: [cell, …], …}}    {texts: [text, …]}
 *
 * A cell is a number, a string, a boolean or null; null and a missing key are missing values.
 *
 * Limits on untrusted input: rows times columns is bounded, since few bytes of records with ever other keys would
 * otherwise make many cells.
 */
import { InferError, show } from '../errors.ts'
import type { Scalar, Table } from '../tensor/host-value.ts'

/** 128 MB of cells; a matrix that large does not fit the body either. */
const MAX_CELLS = 2 ** 24

const FORMS = ['records', 'columns', 'texts'] as const

/** The table in `data`, or undefined where there is none. @throws InferError bad_request with the path and the value */
export function readTable(data: Readonly<Record<string, unknown>>): Table | undefined {
  const forms = FORMS.filter((form) => data[form] !== undefined && data[form] !== null)
  const [form] = forms
  if (form === undefined) return undefined
  if (forms.length > 1) throw new InferError('bad_request', `data has ${forms.join(' and ')}; say one of them`)
  return READERS[form](data[form], `data.${form}`)
}

/** Rows of cells, where `values` holds more than numbers; undefined where it holds numbers only. */
export function readCells(values: unknown, path: string): Table | undefined {
  if (!Array.isArray(values) || !values.every(Array.isArray)) return undefined
  const isCell = (cell: unknown): boolean => cell === null || (typeof cell === 'string' && !INFINITE.has(cell))
  if (!values.some((row: readonly unknown[]) => row.some(isCell))) return undefined
  const width = (values[0] as readonly unknown[]).length
  checkSize(values.length, width, path)
  const cells = values.flatMap((row: readonly unknown[], i) => {
    if (row.length !== width)
      throw new InferError('bad_request', `${path}[${i}] has ${row.length} items; the rows before it have ${width}`)
    return row.map((cell, j) => (cell === 'NaN' ? null : cellAt(cell, `${path}[${i}][${j}]`)))
  })
  return { rows: values.length, cells }
}

const READERS: Readonly<Record<(typeof FORMS)[number], (value: unknown, path: string) => Table>> = {
  records: (value, path) => {
    const records = listAt(value, path).map((record, i) => objectAt(record, `${path}[${i}]`))
    const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
    checkSize(records.length, names.length, path)
    const cells = records.flatMap((record, i) =>
      names.map((name) => (Object.hasOwn(record, name) ? cellAt(record[name], `${path}[${i}].${name}`) : null)),
    )
    return { names, rows: records.length, cells }
  },
  columns: (value, path) => {
    const columns = Object.entries(objectAt(value, path)).map(
      ([name, cells]) => [name, listAt(cells, `${path}.${name}`)] as const,
    )
    const rows = columns[0]?.[1].length ?? 0
    const uneven = columns.find(([, cells]) => cells.length !== rows)
    if (uneven) {
      const [first] = columns[0] as (typeof columns)[0]
      throw new InferError(
        'bad_request',
        `${path}.${uneven[0]} has ${uneven[1].length} items; ${path}.${first} has ${rows}`,
      )
    }
    checkSize(rows, columns.length, path)
    const cells: Scalar[] = []
    for (let row = 0; row < rows; row++)
      for (const [name, column] of columns) cells.push(cellAt(column[row], `${path}.${name}[${row}]`))
    return { names: columns.map(([name]) => name), rows, cells }
  },
  texts: (value, path) => {
    const texts = listAt(value, path)
    texts.forEach((text, i) => {
      if (typeof text !== 'string')
        throw new InferError('bad_request', `${path}[${i}] must be a string; it is ${show(text)}`)
    })
    return { rows: texts.length, cells: texts as string[], texts: true }
  },
}

/** How a matrix spells what JSON has no numbers for. */
const INFINITE = new Set(['NaN', 'Infinity', '-Infinity'])

function cellAt(cell: unknown, path: string): Scalar {
  if (typeof cell === 'bigint') return Number(cell)
  // The table crosses as JSON, where an infinity would become null, a missing value.
  if (cell === Infinity || cell === -Infinity)
    throw new InferError(
      'bad_request',
      `${path} is ${cell}; a table takes finite numbers, and null for a missing value`,
    )
  if (cell === null || ['number', 'string', 'boolean'].includes(typeof cell)) return cell as Scalar
  throw new InferError(
    'bad_request',
    `${path} must be a number, a string, a boolean or null; it is ${show(cell ?? null)}`,
  )
}

function listAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new InferError('bad_request', `${path} must be a list; it is ${show(value)}`)
  if (value.length === 0) throw new InferError('bad_request', `${path} is empty`)
  return value
}

function objectAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InferError('bad_request', `${path} must be an object; it is ${show(value)}`)
  return value as Readonly<Record<string, unknown>>
}

function checkSize(rows: number, columns: number, path: string): void {
  if (rows === 0 || columns === 0) throw new InferError('bad_request', `${path} is empty`)
  if (rows * columns > MAX_CELLS)
    throw new InferError(
      'bad_request',
      `${path} makes ${rows} rows of ${columns} columns, more than ${MAX_CELLS} cells`,
    )
}
