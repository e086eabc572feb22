import { SymSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { MAX_CHARS, type Machine } from './machine.ts'
import { Device, isNumber, type Py, PyDict, PyDType, PyList, PyTuple, typeOf } from './value.ts'

/** Values as Python prints them, as far as sentences and keys of models need it. */

const MAX_NESTING = 8

export function textOf(m: Machine, value: Py, quoted = false, depth = 0): string {
  if (typeof value === 'string') return quoted ? `'${value}'` : value
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return floatText(value)
  if (isNumber(value) || value instanceof SymSize) return String(value)
  if (value instanceof PyDType) return `torch.${value.dtype}`
  if (value instanceof Device) return 'cpu'
  if (value instanceof SymTensor) return value.known === undefined ? typeOf(value) : String(value.known)
  if (depth >= MAX_NESTING) return '...'
  m.step()
  const inner = (item: Py): string => textOf(m, item, true, depth + 1)
  if (value instanceof PyList) return `[${value.items.map(inner).join(', ')}]`
  if (value instanceof PyTuple) return `(${value.items.map(inner).join(', ')}${value.items.length === 1 ? ',' : ''})`
  if (value instanceof PyDict)
    return `{${value
      .items()
      .map(({ items: [key, item] }) => `${inner(key as Py)}: ${inner(item as Py)}`)
      .join(', ')}}`
  return typeOf(value)
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value)
}

/** `format(value, spec)`: widths and digits of numbers, else as it prints. */
export function format(m: Machine, value: Py, spec: string): string {
  const text = textOf(m, value)
  const match = /^0?(\d{0,3})(?:\.(\d{1,2}))?([dfges%]?)$/.exec(spec)
  if (!match || spec === '') return text.slice(0, MAX_CHARS)
  const [, width, digits, kind] = match
  const isDecimal = isNumber(value) && (kind === 'f' || kind === 'e')
  const shown = isDecimal ? Number(value)[kind === 'e' ? 'toExponential' : 'toFixed'](Number(digits ?? 6)) : text
  return shown.padStart(Number(width ?? 0), spec.startsWith('0') ? '0' : ' ')
}

/** `'{} of {}'.format(a, b)` and by name. */
export function formatAll(m: Machine, pattern: string, args: readonly Py[], named: ReadonlyMap<string, Py>): string {
  let next = 0
  const shown = bounded(m)
  const text = pattern.replace(
    /\{\{|\}\}|\{([^{}:!]*)(?:![rsa])?(?::([^{}]*))?\}/g,
    (found, key: string, spec?: string) => {
      if (found === '{{' || found === '}}') return found[0] as string
      const value = key === '' ? args[next++] : /^\d+$/.test(key) ? args[Number(key)] : named.get(key)
      return value === undefined ? found : shown(format(m, value, spec ?? ''))
    },
  )
  m.step(Math.ceil(text.length / 100))
  return text.slice(0, MAX_CHARS)
}

/** What is put into a text, as long as all of it is not too long. */
function bounded(m: Machine): (text: string) => string {
  let total = 0
  return (text) => {
    total += text.length
    if (total > MAX_CHARS) throw m.error(`a text of more than ${MAX_CHARS} characters`)
    return text
  }
}

/** `'%d of %s' % (a, b)`. */
export function formatPercent(m: Machine, pattern: string, value: Py): string {
  const args = value instanceof PyTuple ? value.items : [value]
  let next = 0
  const shown = bounded(m)
  return pattern.replace(/%%|%([-0-9.]*)([sdifrge])/g, (found, spec: string, kind: string) => {
    if (found === '%%') return '%'
    const arg = args[next++]
    return arg === undefined ? found : shown(format(m, arg, /[fge]/.test(kind) ? `${spec}${kind}` : ''))
  })
}
