/** Estimators of scikit-learn and the boosters. Answers are Python's where labels are equal, numbers within 1e-9. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Table } from '../../src/tensor/host-value.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { firstDifference } from './answers.ts'
import type { Made, Suite } from './models.ts'

const COLUMNS = 69
const EXACT = { relative: 0, absolute: 0 }
const CLOSE = { relative: 1e-9, absolute: 1e-12 }

interface Fitted extends Made {
  /** The name of its rows. */
  readonly data: string
}

export const ESTIMATORS: Suite<Fitted, Tensor | Table> = {
  title: 'estimators',
  script: fileURLToPath(new URL('./estimators.py', import.meta.url)),
  needs: 'scikit-learn',
  timedRows: [1, 64, 1024],
  rows: 1024,
  aims: { linear: 1.5, forest: 50, booster: 10 },
  inputOf: ({ data }, folder) => {
    const given = JSON.parse(readFileSync(join(folder, `${data}.json`), 'utf8')) as Given
    return (rows) => first(given, rows)
  },
  ask: async (model, input, method) => (await model.table?.run(input, [method]))?.[0]?.outputs ?? [],
  difference: (method, [output], answer) =>
    firstDifference(output, answer, () => (method === 'predict' ? EXACT : CLOSE)),
}

/** Rows as Python writes them. */
interface Given {
  readonly numbers?: readonly number[]
  readonly texts?: readonly string[]
  readonly names?: readonly string[]
  readonly cells?: readonly (string | number | null)[]
}

function first({ numbers, texts, names, cells = [] }: Given, rows: number): Tensor | Table {
  if (numbers)
    return { dtype: 'float64', dims: [rows, COLUMNS], data: Float64Array.from(numbers.slice(0, rows * COLUMNS)) }
  if (texts) return { rows, cells: texts.slice(0, rows), texts: true }
  return { names, rows, cells: cells.slice(0, rows * (names?.length ?? 0)) } as Table
}
