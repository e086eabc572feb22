/** Mutations of good files: flips, cuts, splices, and the numbers that parsers stumble over. */
import { InferError } from '../../src/errors.ts'
import { FIXTURES } from '../support/paths.ts'

/** Where mutants that found a fault are kept. */
export const FINDS = `${FIXTURES}formats/finds/`
/** Longer than this is a fault. */
export const MAX_MS = 2000

/** xorshift32: the same files every time. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

type Mutation = (bytes: Buffer, random: (below: number) => number, other: Uint8Array) => Buffer

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const at = random(bytes.length)
    bytes[at] = (bytes[at] as number) ^ (1 << random(8))
    return bytes
  },
  (bytes, random) => {
    bytes[random(bytes.length)] = random(256)
    return bytes
  },
  (bytes, random) => {
    const at = random(bytes.length)
    const value = NUMBERS[random(NUMBERS.length)] as number
    if (at + 4 <= bytes.length) bytes.writeUInt32LE(value, at)
    return bytes
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => {
    const at = random(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random(16)))])
  },
  (bytes, random) => {
    const [at, from] = [random(bytes.length), random(bytes.length)]
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(64)), bytes.subarray(at)])
  },
  (bytes, random, other) => {
    const [at, from] = [random(bytes.length), random(other.length)]
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random(256)), bytes.subarray(at)])
  },
]

/** A word of code for another of its kind: what is left is often a program still. */
function exchange(words: string[], random: (below: number) => number): void {
  const at = random(words.length)
  const kind = kindOf(words[at] as string)
  for (let tries = 0; tries < 50; tries++) {
    const other = words[random(words.length)] as string
    if (other === words[at] || kindOf(other) !== kind) continue
    words[at] = other
    return
  }
}

const kindOf = (word: string): number => [/^\d/, /^\w/, /^\s/].findIndex((kind) => kind.test(word))

const WORDS: readonly ((words: string[], random: (below: number) => number) => unknown)[] = [
  exchange,
  exchange,
  exchange,
  (words, random) => words.splice(random(words.length), 1, TEXTS[random(TEXTS.length)] as string),
  (words, random) => words.splice(random(words.length), 1 + random(8)),
  (words, random) => {
    const [at, from] = [random(words.length), random(words.length)]
    words.splice(at, 0, ...words.slice(from, from + 1 + random(24)))
  },
]

// biome-ignore format: a list of words
const TEXTS = [
  '0', '1', '-1', '2', '1e308', '-0.5', '99999999999999999999', '9223372036854775807', '2147483648', '""', 'None', 'True',
  'null', '[]', '{}', '()', 'self', 'x', 'return', 'while', 'for', 'if', 'not', 'lambda', '.', ',', ':', '(', ')', '[', ']',
  '=', '**', '//', '%', '@', '*', '\n', '    ',
]

function mutateWords(bytes: Uint8Array, random: (below: number) => number): Buffer {
  const words =
    Buffer.from(bytes)
      .toString()
      .match(/\w+|[^\S\n]+|./gsu) ?? []
  for (let n = random(3) === 0 ? 4 : 1; n > 0 && words.length > 0; n--)
    (WORDS[random(WORDS.length)] as (typeof WORDS)[number])(words, random)
  return Buffer.from(words.join(''))
}

/** What is fuzzed, and the good files that mutants are made of. */
export interface FuzzFormat {
  readonly name: string
  readonly read: (bytes: Uint8Array) => unknown
  readonly seeds: readonly Uint8Array[]
  /** Bytes, where it does not say. */
  readonly mutates?: 'words'
}

export interface Find {
  readonly bytes: Uint8Array
  readonly fault: string
}

export interface FuzzReport {
  readonly read: number
  readonly refused: number
  readonly slowestMs: number
  readonly finds: readonly Find[]
}

interface Outcome {
  readonly refused: boolean
  readonly ms: number
  /** What went wrong, for what is neither read nor refused, or slowly. */
  readonly fault: string | undefined
}

/** Reads bytes, and times it. */
export function readMutant(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): Outcome {
  const start = performance.now()
  let refused = false
  let fault: string | undefined
  try {
    read(bytes)
  } catch (error) {
    refused = error instanceof InferError && error.code === 'bad_model'
    if (!refused) fault = `${(error as Error)?.stack}`
  }
  const ms = performance.now() - start
  return { refused, ms, fault: fault ?? (ms > MAX_MS ? `it took ${ms.toFixed(0)} ms` : undefined) }
}

/** Reads `count` mutants of a format's seeds; the same for the same `seed`. */
export function fuzz({ read, seeds, mutates }: Omit<FuzzFormat, 'name'>, count: number, seed: number): FuzzReport {
  const random = randomOf(seed)
  const report = { read: 0, refused: 0, slowestMs: 0, finds: [] as Find[] }
  for (let i = 0; i < count; i++) {
    const whole = seeds[random(seeds.length)] as Uint8Array
    const bytes = mutates === 'words' ? mutateWords(whole, random) : mutateBytes(whole, seeds, random)
    const { refused, ms, fault } = readMutant(read, bytes)
    if (fault !== undefined) report.finds.push({ bytes, fault: `mutant ${i} of seed ${seed}: ${fault}` })
    else if (refused) report.refused++
    else report.read++
    report.slowestMs = Math.max(report.slowestMs, ms)
  }
  return report
}

function mutateBytes(whole: Uint8Array, seeds: readonly Uint8Array[], random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(whole)
  for (let n = 1 + random(4); n > 0 && bytes.length > 0; n--) {
    const mutate = MUTATIONS[random(MUTATIONS.length)] as Mutation
    bytes = mutate(bytes, random, seeds[random(seeds.length)] as Uint8Array)
  }
  return bytes
}
