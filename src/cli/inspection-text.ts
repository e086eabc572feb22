import type { Inspection, Parameters, Port, TreeNode } from '../inspect/inspection.ts'
import type { Refusal } from './inspect.ts'

/** An inspection for a person: labels in a column, what is long cut short, nothing that a terminal would obey. */

/** Lines of one list, before it says how many more there are. */
const MAX_LINES = 40
const MAX_OPERATORS = 12
const MAX_CHARS = 160
/** As wide as the widest label. */
const LABEL_CHARS = 14

/** Codes of a terminal. */
const BOLD = 1
const GREEN = 32
const YELLOW = 33
const RED = 31

type Row = readonly [label: string, text: string]

/** A file, in some lines. */
export function inspectionText(file: string, answer: Inspection | Refusal, colour: boolean): string {
  const paint = (code: number, text: string): string => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  const head = paint(BOLD, shown(file))
  if ('refused' in answer) return `${head}\n${labelled([['refused', paint(RED, shown(answer.refused, 240))]])}\n`
  const rows = rowsOf(answer).map(([label, text]): Row => [label, shown(text)])
  const served: Row = [
    'served',
    answer.served.now
      ? paint(GREEN, `yes, ${shown(answer.served.how)}`)
      : paint(answer.format === null ? RED : YELLOW, `no: ${shown(answer.served.how, 240)}`),
  ]
  return `${head}  ${sizeText(answer.bytes)}\n${labelled([...rows, served])}\n`
}

function rowsOf(answer: Inspection): Row[] {
  const { format, what, facts, tree, inputs, outputs, tensors, operators, parameters, globals } = answer
  return [
    [format === null ? 'no model' : 'format', what],
    ...facts,
    ...list('inputs', ports(inputs)),
    ...list('outputs', ports(outputs)),
    ...(tree === null ? [] : list(tree.children.length > 0 ? 'tree' : 'object', treeLines(tree))),
    ...list('arrays', ports(tensors)),
    ...(operators.length === 0 ? [] : [['operators', operatorsText(operators)] as const]),
    ...(parameters.count === 0 ? [] : [['parameters', parametersText(parameters)] as const]),
    ...list('globals', globals),
  ]
}

/** The label stands at the first line. */
function list(label: string, lines: readonly string[]): Row[] {
  const kept = lines.length > MAX_LINES ? lines.slice(0, MAX_LINES) : lines
  const more: Row[] = lines.length > kept.length ? [['', `and ${lines.length - kept.length} more`]] : []
  return [...kept.map((line, i): Row => [i === 0 ? label : '', line]), ...more]
}

const labelled = (rows: readonly Row[]): string =>
  rows.map(([label, text]) => `  ${shown(label).padEnd(LABEL_CHARS)}  ${text}`.trimEnd()).join('\n')

/** Names in files may hold anything; a terminal obeys some of it. */
function shown(text: string, length = MAX_CHARS): string {
  const plain = text.replace(/[\p{C}\u2028\u2029]/gu, '?')
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain
}

function ports(all: readonly Port[]): string[] {
  const width = (key: 'name' | 'dtype'): number =>
    Math.max(0, ...all.slice(0, MAX_LINES).map((port) => port[key].length))
  const [nameWidth, dtypeWidth] = [Math.min(width('name'), 48), width('dtype')]
  return all.map(({ name, dtype, shape }) => `${name.padEnd(nameWidth)}  ${dtype.padEnd(dtypeWidth)}  ${shape}`.trim())
}

/** Depth first, with lines from parent to child. */
function treeLines(root: TreeNode): string[] {
  const lines = [lineOf(root)]
  const add = (node: TreeNode, indent: string): void => {
    node.children.forEach((child, i) => {
      const last = i === node.children.length - 1
      lines.push(`${indent}${last ? '└ ' : '├ '}${lineOf(child)}`)
      add(child, `${indent}${last ? '  ' : '│ '}`)
    })
  }
  add(root, '')
  return lines
}

const lineOf = ({ name, type, note }: TreeNode): string =>
  `${name === '' ? '' : `${name}: `}${type}${note === '' ? '' : `  ${note}`}`

function operatorsText(operators: Inspection['operators']): string {
  const kept = operators.slice(0, MAX_OPERATORS).map(([name, count]) => (count === 1 ? name : `${name} ${count}`))
  const more = operators.length - kept.length
  return more > 0 ? `${kept.join(', ')} and ${more} other kinds` : kept.join(', ')
}

function parametersText({ count, bytes, dtypes }: Parameters): string {
  const [only] = dtypes
  const kinds =
    dtypes.length === 1 && only !== undefined
      ? only[0]
      : dtypes.map(([dtype, number]) => `${dtype} ${number.toLocaleString('en')}`).join(', ')
  return `${count.toLocaleString('en')} in ${sizeText(bytes)} (${kinds})`
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${units[power]}`
}
