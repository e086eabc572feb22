import { baseNames, type Member, valueOfMember } from './class.ts'
import type { Machine } from './machine.ts'
import { Instance, isNumber, type Py, type PyClass } from './value.ts'

/** Enumerations: of each member there is one object, with a name and a value. */

export const isEnum = (m: Machine, cls: PyClass): boolean =>
  baseNames(m, cls).some((name) => /(^|\.)(Int|Str)?(Enum|Flag)$/.test(name))

export function enumMember(m: Machine, cls: PyClass, name: string, found: Member): Py {
  let members = m.enums.get(cls.definition)
  if (!members) {
    members = new Map()
    m.enums.set(cls.definition, members)
  }
  let member = members.get(name)
  if (!member) {
    const made = new Instance(cls)
    made.attributes = new Map<string, Py>([
      ['name', name],
      ['value', valueOfMember(m, found)],
    ])
    members.set(name, made)
    member = made
  }
  return member
}

const isSame = (a: Py, b: Py): boolean => (isNumber(a) && isNumber(b) ? Number(a) === Number(b) : Object.is(a, b))

/** `Color(2)`: the member of that value. */
export function enumOf(m: Machine, cls: PyClass, value: Py): Py {
  for (const [name, member] of cls.members) {
    if (member.kind !== 'value') continue
    const found = enumMember(m, cls, name, { member, owner: cls })
    if (found instanceof Instance && isSame(found.attributes.get('value') ?? null, value)) return found
  }
  throw m.error(`${cls.qualified} has no such member`)
}
