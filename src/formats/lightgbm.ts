import { broken } from './cursor.ts'
import { type Json, parseJson } from './json.ts'

/**
 * LightGBM's text models (src/boosting/gbdt_model_text.cpp, `GBDT::SaveModelToString`; src/io/tree.cpp,
 * `Tree::ToString`): lines of `key=value`, a block for each tree, the parameters of the training, and from Python a line
 * of the categories of pandas.
 *
 * Limits on a file from a stranger: the text is read once, line by line, and a value is cut into numbers only where it
 * is asked for, so memory is bounded by the text; trees by their number, which is that of their blocks.
 */
const MAX_TREES = 1_000_000

/** Keys and values of a block, as they are written. */
export type Block = ReadonlyMap<string, string>

export interface LightgbmText {
  readonly header: Block
  readonly trees: readonly Block[]
  /** The training's: `[name: value]`. */
  readonly parameters: Block
  /** Categories by categorical column of the DataFrame that it was fitted on. */
  readonly pandasCategorical: readonly (readonly Json[])[] | undefined
}

/** @throws InferError bad_model with the line */
export function readLightgbm(bytes: Uint8Array): LightgbmText {
  const text = new TextDecoder().decode(bytes)
  const header = new Map<string, string>()
  const parameters = new Map<string, string>()
  const trees: Map<string, string>[] = []
  let pandasCategorical: LightgbmText['pandasCategorical']
  let block: Map<string, string> | undefined = header
  for (const [number, line] of linesOf(text)) {
    if (line.startsWith('Tree=')) {
      if (trees.length === MAX_TREES) throw broken('lightgbm', `it has more than ${MAX_TREES} trees`)
      block = new Map()
      trees.push(block)
    } else if (line === 'end of trees') block = undefined
    else if (line.startsWith('pandas_categorical:')) pandasCategorical = categories(line.slice(line.indexOf(':') + 1))
    else if (line.startsWith('[') && block === undefined) {
      const match = /^\[([^:]*): ?(.*)\]$/.exec(line)
      if (match) parameters.set(match[1] as string, match[2] as string)
    } else if (block !== undefined && line !== '' && line !== 'tree') {
      const at = line.indexOf('=')
      if (at < 0 && block !== header) throw broken('lightgbm', `line ${number} has no =`)
      block.set(at < 0 ? line : line.slice(0, at), at < 0 ? '' : line.slice(at + 1))
    }
  }
  if (!text.startsWith('tree')) throw broken('lightgbm', 'it does not begin with "tree"')
  return { header, trees, parameters, pandasCategorical }
}

function* linesOf(text: string): Generator<readonly [number: number, line: string]> {
  let number = 0
  for (let start = 0; start <= text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found
    yield [++number, text.slice(start, end).trimEnd()]
    start = end + 1
  }
}

function categories(text: string): LightgbmText['pandasCategorical'] {
  const value = parseJson(text, { format: 'lightgbm', nonFinite: true })
  if (value === null) return undefined
  if (!Array.isArray(value) || !value.every(Array.isArray))
    throw broken('lightgbm', 'pandas_categorical is no list of lists')
  return value as Json[][]
}
