/** The bodies that are posted, with what must come back. */
import { readFileSync } from 'node:fs'

export interface Posted {
  readonly name: string
  readonly body: string
  /** The first rows of the answer's `data`, from elsewhere; further rows must be what the other servers say. */
  readonly golden: readonly (readonly number[])[]
}

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'))

/** The documented request, to the byte. */
export const documented = (): Posted => ({
  name: 'documented request',
  body: readFileSync(new URL('../fixtures/default-request.json', import.meta.url), 'utf8'),
  golden: (fixture('default-answer.json') as { data: number[][] }).data,
})

/** Its row, and then `rows - 1` of full-length doubles, as feature pipelines send them. */
export function manyRows(rows: number): Posted {
  const { body, golden } = documented()
  const [first = []] = (JSON.parse(body) as { data: { values: number[][] } }).data.values
  const random = generator()
  const values = [first, ...Array.from({ length: rows - 1 }, () => first.map(() => 32 * random() - 16))]
  return { name: `${rows} rows`, body: JSON.stringify({ source: 1, data: { dtype: 'double', values } }), golden }
}

interface Sample {
  readonly input: { readonly inputs: Readonly<Record<string, { readonly values: readonly number[] }>> }
  readonly outputs: Readonly<Record<string, number[][]>>
}

/** The first sample of a fixture model, as a classic request. */
export function sampleOf(model: string): Posted {
  const { samples } = fixture(`onnx/${model}.samples.json`) as { samples: Sample[] }
  const { input, outputs } = samples[0] as Sample
  const values = Object.values(input.inputs).map((vector) => vector.values)
  const golden = Object.values(outputs)[0] as number[][]
  return { name: model, body: JSON.stringify({ source: 1, data: { dtype: 'double', values } }), golden }
}

/** Numerical Recipes' linear congruence: the same bodies in every run. */
function generator(): () => number {
  let state = 20241121
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const high = state
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (high * 2 ** 21 + (state >>> 11)) / 2 ** 53
  }
}

const TOLERANCE = 1e-12

/** Undefined when the answer holds the golden rows and agrees with `other`; else what is wrong. */
export function mistake(text: string, { golden }: Posted, other: string): string | undefined {
  const [rows, others] = [rowsOf(text), rowsOf(other)]
  if (!rows || !others) return `no list of rows: ${text.slice(0, 200)}`
  const far = (wanted: readonly (readonly number[])[]): boolean =>
    wanted.some((row, i) => row.some((value, j) => !(Math.abs((rows[i]?.[j] ?? Number.NaN) - value) <= TOLERANCE)))
  if (far(golden)) return `not the golden answer: ${text.slice(0, 200)}`
  return rows.length !== others.length || far(others) ? `two servers differ: ${text.slice(0, 200)}` : undefined
}

function rowsOf(text: string): number[][] | undefined {
  const { data } = JSON.parse(text) as { data?: number[][] }
  return Array.isArray(data) && data.every(Array.isArray) ? data : undefined
}
