/** Mutations of good files: flips, cuts, splices, and the numbers that parsers stumble over. */
import { InferError } from '../../src/errors.ts'

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

export interface FuzzReport {
  readonly read: number
  readonly refused: number
  readonly slowestMs: number
}

/** Reads `count` mutants of `seeds`; throws what is no InferError, with the mutant in its cause. */
export function fuzz(
  read: (bytes: Uint8Array) => unknown,
  seeds: readonly Uint8Array[],
  count: number,
  seed: number,
): FuzzReport {
  const random = randomOf(seed)
  const report = { read: 0, refused: 0, slowestMs: 0 }
  for (let i = 0; i < count; i++) {
    let bytes: Buffer = Buffer.from(seeds[random(seeds.length)] as Uint8Array)
    for (let n = 1 + random(4); n > 0 && bytes.length > 0; n--) {
      const mutate = MUTATIONS[random(MUTATIONS.length)] as Mutation
      bytes = mutate(bytes, random, seeds[random(seeds.length)] as Uint8Array)
    }
    const start = performance.now()
    try {
      read(bytes)
      report.read++
    } catch (error) {
      if (!(error instanceof InferError && error.code === 'bad_model')) {
        throw new Error(`mutant ${i} of seed ${seed}: ${(error as Error)?.stack}`, { cause: bytes })
      }
      report.refused++
    }
    report.slowestMs = Math.max(report.slowestMs, performance.now() - start)
  }
  return report
}
