import { InferError } from '../../errors.ts'

/**
 * Sizes of symbolic tensors. Only the batch is not known while a graph is made, so a size is a number, or an affine
 * function of the batch. What is not affine, and what depends on how large the batch is, is `Undecided`: the caller
 * makes the graph again with the batch known.
 */
export class SymSize {
  readonly factor: number
  readonly offset: number

  constructor(factor: number, offset: number) {
    this.factor = factor
    this.offset = offset
  }

  toString(): string {
    const product = this.factor === 1 ? 'batch' : `${this.factor}*batch`
    return this.offset === 0 ? product : `${product}${this.offset < 0 ? '' : '+'}${this.offset}`
  }
}

export type Size = number | SymSize

/** Thrown when something depends on the length of the batch. */
export class Undecided extends InferError {
  constructor(what: string) {
    super('bad_model', `${what} depends on the length of the batch`)
    this.name = 'Undecided'
  }
}

const affine = (factor: number, offset: number): Size => (factor === 0 ? offset : new SymSize(factor, offset))
const factorOf = (size: Size): number => (typeof size === 'number' ? 0 : there(size).factor)
const offsetOf = (size: Size): number => (typeof size === 'number' ? size : there(size).offset)

/** torch wraps the axes of a tensor without dimensions, too, whose sizes operators then look for. */
function there(size: SymSize | undefined): SymSize {
  if (size) return size
  throw new InferError('bad_model', 'a tensor has fewer dimensions than an operator takes')
}

export const addSizes = (a: Size, b: Size): Size => affine(factorOf(a) + factorOf(b), offsetOf(a) + offsetOf(b))
export const subSizes = (a: Size, b: Size): Size => affine(factorOf(a) - factorOf(b), offsetOf(a) - offsetOf(b))

export function mulSizes(a: Size, b: Size): Size {
  if (typeof a === 'number') return affine(a * factorOf(b), a * offsetOf(b))
  if (typeof b === 'number') return affine(b * a.factor, b * a.offset)
  throw new Undecided(`${a} times ${b}`)
}

/** Division towards minus infinity; of a symbolic size, where it leaves no rest. */
export function divSizes(a: Size, b: Size): Size {
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b)
  if (typeof b === 'number' && factorOf(a) % b === 0 && offsetOf(a) % b === 0)
    return affine(factorOf(a) / b, offsetOf(a) / b)
  if (typeof a !== 'number' && typeof b !== 'number') {
    const quotient = a.factor / b.factor
    if (Number.isInteger(quotient) && a.offset === quotient * b.offset) return quotient
  }
  throw new Undecided(`${a} divided by ${b}`)
}

/** @throws Undecided where it is so for some batches only */
export function sameSize(a: Size, b: Size): boolean {
  const [factor, offset] = [factorOf(a) - factorOf(b), offsetOf(b) - offsetOf(a)]
  if (factor === 0) return offset === 0
  const batch = offset / factor
  if (!Number.isInteger(batch) || batch < 1) return false
  throw new Undecided(`whether ${a} is ${b}`)
}

/** a < b. @throws Undecided where it is so for some batches only */
export function lessSize(a: Size, b: Size): boolean {
  const [factor, offset] = [factorOf(a) - factorOf(b), offsetOf(a) - offsetOf(b)]
  if (factor === 0) return offset < 0
  const atOne = factor + offset
  if (factor > 0 && atOne >= 0) return false
  if (factor < 0 && atOne < 0) return true
  throw new Undecided(`whether ${a} is less than ${b}`)
}

export const productOf = (sizes: readonly Size[]): Size => sizes.reduce(mulSizes, 1)

export const isStatic = (sizes: readonly Size[]): sizes is readonly number[] =>
  sizes.every((size) => typeof size === 'number')

/** @throws Undecided of a symbolic size */
export function knownSize(size: Size | undefined, what: string): number {
  if (typeof size === 'number') return size
  throw new Undecided(what)
}

/** Sizes for a batch of this length. */
export const sizesAt = (sizes: readonly Size[], batch: number): number[] =>
  sizes.map((size) => factorOf(size) * batch + offsetOf(size))

/** Whether sizes are written alike, which decides nothing of others. */
export const alike = (a: Size, b: Size): boolean =>
  a === b || (a instanceof SymSize && b instanceof SymSize && a.factor === b.factor && a.offset === b.offset)
