import { quantizedHint } from '../aten/quantized.ts'
import { functionFor } from './external.ts'
import type { FileScope } from './library.ts'
import type { Machine } from './machine.ts'
import type { Unsupported } from './operator-call.ts'
import type { Statement } from './syntax.ts'
import { PyModule } from './value.ts'

/** How many operators a sentence names. */
const SHOWN = 20

/**
 * A sentence of all operators in the code at hand that are not converted, the one that was met first: each with the
 * line where it stands first.
 */
export function describeUnsupported(m: Machine, { operator, path, line }: Unsupported): string {
  const found = new Map([[operator, `${path}:${line}`]])
  for (const file of m.library.files) {
    for (const call of callsIn(file.module.startsWith('__torch__') ? file.statements : usedIn(m, file))) {
      if (functionFor(m, call.path)) continue
      const name = call.path.replace(/^(torch|ops)\./, '')
      if (!found.has(name)) found.set(name, `${file.path}:${call.line}`)
    }
  }
  const all = [...found].map(([name, place]) => `${name} (${place})`)
  const more = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : ''
  return `${quantizedHint(found.keys())}torch's operators that are not supported: ${all.slice(0, SHOWN).join(', ')}${more}`
}

/** Of a file of Python the functions, and the classes that the model has: the rest is for training. */
function usedIn(m: Machine, file: FileScope): readonly Statement[] {
  const classes = new Set<unknown>(
    [...m.values.values()].map((value) => value instanceof PyModule && value.cls?.definition),
  )
  return file.statements.filter(
    (statement) => statement.kind === 'function' || (statement.kind === 'class' && classes.has(statement)),
  )
}

interface Named {
  readonly path: string
  readonly line: number
}

/** Calls of `torch.NAME` and `ops.KIND.NAME` in a syntax tree. */
function callsIn(root: unknown): Named[] {
  const calls: Named[] = []
  const queue: unknown[] = [root]
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (typeof node !== 'object' || node === null) continue
    const { kind, callee, line } = node as { kind?: string; callee?: unknown; line?: number }
    const path = kind === 'call' ? pathOf(callee) : ''
    if (/^(torch|ops)\.[\w.]+$/.test(path)) calls.push({ path, line: line ?? 0 })
    for (const value of Object.values(node)) if (typeof value === 'object' && value !== null) queue.push(value)
  }
  return calls.reverse()
}

function pathOf(node: unknown): string {
  const { kind, of, name } = (node ?? {}) as { kind?: string; of?: unknown; name?: string }
  if (kind === 'name') return name ?? ''
  return kind === 'attribute' ? `${pathOf(of)}.${name}` : ''
}
