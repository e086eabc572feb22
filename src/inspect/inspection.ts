import type { Format } from '../formats/detect.ts'
import type { Served } from '../models/served.ts'

/** What is in a model file, as plain JSON: it crosses processes, and is what `inspect --json` prints. */
export interface Inspection {
  /** null for what is no model. */
  readonly format: Format | null
  /** The same as a noun; for what is no model, what it is instead. */
  readonly what: string
  readonly bytes: number
  /** Label and text, such as a library and its version, or an objective. */
  readonly facts: readonly (readonly [label: string, text: string])[]
  /** Estimators within estimators, modules within modules. */
  readonly tree: TreeNode | null
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** Arrays by name, where those are all there is. */
  readonly tensors: readonly Port[]
  /** How often each operator occurs, most frequent first. */
  readonly operators: readonly (readonly [name: string, count: number])[]
  readonly parameters: Parameters
  /** Names outside of the table of what is data. */
  readonly globals: readonly string[]
  readonly served: Served
}

export interface TreeNode {
  /** What its parent calls it; '' for the root. */
  readonly name: string
  /** Its class, without the module. */
  readonly type: string
  /** What is worth knowing of it: sizes, counts, methods. */
  readonly note: string
  readonly children: readonly TreeNode[]
}

export interface Port {
  readonly name: string
  readonly dtype: string
  /** As text: `[n, 4]`; '' for what has none. */
  readonly shape: string
}

/** Numbers in arrays, each memory counted once. */
export interface Parameters {
  readonly count: number
  readonly bytes: number
  /** Count by dtype, most first. */
  readonly dtypes: readonly (readonly [dtype: string, count: number])[]
}

export const NO_PARAMETERS: Parameters = { count: 0, bytes: 0, dtypes: [] }

/** Of a list from a stranger: as many as anybody may want to see, in JSON too. */
export const MAX_LISTED = 10_000

/** Counts, most frequent first, then by name. */
export const byCount = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MAX_LISTED)

export const shapeText = (dims: readonly (number | bigint | string | null)[]): string =>
  `[${dims.map((dim) => dim ?? '?').join(', ')}]`

/** `1 tree`, `2 trees`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
