import { SymTensor } from '../aten/symbolic.ts'
import type { Machine } from './machine.ts'
import type { Mutable, Py } from './value.ts'

/**
 * What the code raises where data decides: the number of a sentence, 0 for none, of the first that is raised. It is a
 * variable like others, so that branches and loops carry it out of them; a request is refused by it.
 */
export class Alarm implements Mutable {
  readonly sentences: string[] = []
  code: Py = 0n

  save(): ReadonlyMap<string, Py> {
    return new Map([['what the code raises', this.code]])
  }
  load(state: ReadonlyMap<string, Py>): void {
    this.code = [...state.values()][0] ?? 0n
  }

  /** @param test whether it is raised, unless something was before */
  raiseWhen(m: Machine, test: SymTensor, sentence: string): void {
    if (!this.sentences.includes(sentence)) this.sentences.push(sentence)
    const number = BigInt(this.sentences.indexOf(sentence) + 1)
    const { code } = this
    const first = code instanceof SymTensor ? m.t.op('logical_and', [test, m.t.op('eq', [code, 0n])]) : test
    m.touch(this)
    const made = m.t.op('where', [first, number, code instanceof SymTensor ? code : 0n])
    m.numbers.add(made)
    this.code = made
  }

  raiseUnless(m: Machine, test: SymTensor, sentence: string): void {
    this.raiseWhen(m, m.t.op('logical_not', [test]), sentence)
  }
}
