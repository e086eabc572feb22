import { Frame } from './frame.ts'
import { classOf, functionOf } from './library.ts'
import type { Machine } from './machine.ts'
import { type ClassMember, External, type Py, PyClass } from './value.ts'

/** Classes: their bases, and which of them has a name. */

/** Real hierarchies have less than ten. */
const MAX_BASES = 64

export interface Member {
  readonly member: ClassMember
  readonly owner: PyClass
}

/** The bases in the order in which Python asks them, itself first; of the libraries' by name. */
export function linearized(m: Machine, cls: PyClass): readonly (PyClass | External)[] {
  const found: (PyClass | External)[] = []
  const queue: (PyClass | External)[] = [cls]
  let asked = 0
  for (let next = queue.shift(); next; next = queue.shift()) {
    const again = found.indexOf(next)
    if (again >= 0) found.splice(again, 1)
    found.push(next)
    m.step()
    if (++asked > MAX_BASES) throw m.error(`${cls.qualified} has more than ${MAX_BASES} bases`)
    if (next instanceof PyClass) queue.push(...basesOf(m, next))
  }
  return found
}

function basesOf(m: Machine, cls: PyClass): (PyClass | External)[] {
  return cls.definition.bases
    .filter(({ name }) => name === undefined)
    .map(({ value }) => m.nested(() => m.evaluate(value.kind === 'subscript' ? value.of : value, new Frame(cls.scope))))
    .filter((base): base is PyClass | External => base instanceof PyClass || base instanceof External)
}

/** Whole names of the bases that are of the libraries. */
export const baseNames = (m: Machine, cls: PyClass): string[] =>
  linearized(m, cls)
    .filter((base) => base instanceof External)
    .map(({ path }) => path)

export function findMember(m: Machine, cls: PyClass, name: string, after?: PyClass): Member | undefined {
  const bases = linearized(m, cls)
  const from = after ? bases.indexOf(after) + 1 : 0
  for (const owner of bases.slice(from)) {
    const member = owner instanceof PyClass ? owner.members.get(name) : undefined
    if (member) return { member, owner: owner as PyClass }
  }
  return undefined
}

/** What a class attribute is without an instance. */
export function valueOfMember(m: Machine, { member, owner }: Member): Py {
  if (member.kind === 'value') return m.evaluate(member.value, new Frame(classScope(owner)))
  if (member.kind === 'nested')
    return classOf(member.definition, `${owner.qualified}.${member.definition.name}`, classScope(owner))
  return functionOf(member.definition, owner.scope, owner)
}

/** Names of the class body come before those of its file. */
const classScope = (owner: PyClass) => ({
  path: owner.scope.path,
  lookup: (name: string, m: Machine): Py | undefined => {
    const member = owner.members.get(name)
    const isValue = member?.kind === 'value' && !(member.value.kind === 'name' && member.value.name === name)
    return isValue ? m.nested(() => valueOfMember(m, { member, owner })) : owner.scope.lookup(name, m)
  },
})

export const isNamedTuple = (m: Machine, cls: PyClass): boolean =>
  baseNames(m, cls).some((name) => /(^|\.)NamedTuple$/.test(name))
