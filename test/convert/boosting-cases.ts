/** The cases of test/fixtures/boosting as its scripts write them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scalar, Table } from '../../src/tensor/host-value.ts'
import { createTensor, type Tensor } from '../../src/tensor/tensor.ts'
import { ROOT } from '../support/paths.ts'
import type { Recorded } from './estimators.ts'

export const BOOSTING = join(ROOT, 'test/fixtures/boosting')

export interface BoostingCase {
  readonly input: {
    readonly matrix?: Recorded
    readonly names?: readonly string[]
    readonly rows?: readonly (readonly Scalar[])[]
  }
  /** By file: by method, what the library answered. */
  readonly files: Readonly<Record<string, Readonly<Record<string, Recorded>>>>
}

/** Every file of every release; boosters' own JSON is among them where asked for. */
export const boostingFiles = (withJson = false): { readonly name: string; readonly path: string }[] =>
  readdirSync(BOOSTING, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath !== BOOSTING && !entry.name.startsWith('refused'))
    .filter(({ name }) => withJson || !name.endsWith('.json'))
    .map(({ name, parentPath }) => ({ name, path: join(parentPath, name) }))

export const boostingCases = (release: string): [name: string, BoostingCase][] =>
  Object.entries(JSON.parse(readFileSync(join(BOOSTING, `${release}.json`), 'utf8')))

/** What a request makes of the rows: a matrix, or a table. */
export function boostingInput({ matrix, names, rows = [] }: BoostingCase['input']): Tensor | Table {
  if (matrix)
    return createTensor(
      'float64',
      matrix.shape,
      Float64Array.from(matrix.data, (cell) => (cell === null ? Number.NaN : Number(cell))),
    )
  return { ...(names && { names }), rows: rows.length, cells: rows.flat() }
}
