import { baseNames, valueOfMember } from './class.ts'
import type { Machine } from './machine.ts'
import type { Expression } from './syntax.ts'
import { EnumMember, isNumber, type Py, type PyClass, typeOf } from './value.ts'

/** Enumerations: a member is one object, whoever asks for it. */

const ENUM = /(^|\.)(Int|Str)?(Enum|Flag)$/
const PLAIN = /(^|\.)(IntEnum|IntFlag|StrEnum)$|^builtins\.(str|int)$/

/** The members by name, in order; `undefined` of a class that is no enumeration. */
export function enumOf(m: Machine, cls: PyClass): ReadonlyMap<string, EnumMember> | undefined {
  const known = m.enums.get(cls.definition)
  if (known !== undefined) return known ?? undefined
  m.enums.set(cls.definition, null)
  const bases = baseNames(m, cls)
  if (!bases.some((name) => ENUM.test(name))) return undefined
  const isPlain = bases.some((name) => PLAIN.test(name))
  const members = new Map<string, EnumMember>()
  for (const [name, member] of cls.members) {
    if (member.kind !== 'value' || name.startsWith('_')) continue
    const isAuto = member.value.kind === 'call' && /(^|\.)auto$/.test(nameOf(member.value.callee))
    const value = isAuto ? BigInt(members.size + 1) : valueOfMember(m, { member, owner: cls })
    members.set(name, new EnumMember(cls, name, value, isPlain))
  }
  m.enums.set(cls.definition, members)
  return members
}

const nameOf = (callee: Expression): string =>
  callee.kind === 'name' || callee.kind === 'attribute' ? callee.name : ''

const isSame = (a: Py, b: Py): boolean => (isNumber(a) && isNumber(b) ? Number(a) === Number(b) : Object.is(a, b))

/** The member of this value: `Kind("mean")`, or one that a file holds. */
export function memberOf(m: Machine, cls: PyClass, members: ReadonlyMap<string, EnumMember>, value: Py): EnumMember {
  for (const member of members.values()) if (member === value || isSame(member.value, value)) return member
  throw m.error(`${cls.qualified} has no member ${typeof value === 'string' ? value : typeOf(value)}`)
}
