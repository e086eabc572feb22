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

/** Reads `count` mutants of `seeds`; the same for the same `seed`. */
export function fuzz(
  read: (bytes: Uint8Array) => unknown,
  seeds: readonly Uint8Array[],
  count: number,
  seed: number,
): FuzzReport {
  const random = randomOf(seed)
  const report = { read: 0, refused: 0, slowestMs: 0, finds: [] as Find[] }
  for (let i = 0; i < count; i++) {
    let bytes: Buffer = Buffer.from(seeds[random(seeds.length)] as Uint8Array)
    for (let n = 1 + random(4); n > 0 && bytes.length > 0; n--) {
      const mutate = MUTATIONS[random(MUTATIONS.length)] as Mutation
      bytes = mutate(bytes, random, seeds[random(seeds.length)] as Uint8Array)
    }
    const { refused, ms, fault } = readMutant(read, bytes)
    if (fault !== undefined) report.finds.push({ bytes, fault: `mutant ${i} of seed ${seed}: ${fault}` })
    else if (refused) report.refused++
    else report.read++
    report.slowestMs = Math.max(report.slowestMs, ms)
  }
  return report
}
