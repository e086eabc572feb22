import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { messageOf } from '../errors.ts'
import { broken } from './cursor.ts'

/**
 * Deflate in its three wrappers, by node:zlib with bounded output.
 *
 * Limit on a file from a stranger: deflate expands at most 1032 times, which is a bomb already; weights that were
 * worth compressing expand a few times. What no server's memory holds is refused whatever its ratio.
 */
const MAX_RATIO = 200
/** What may come out of few bytes: weights that are mostly zeros, as L1 leaves them. */
const FREE_OUTPUT = 64 * 1024 * 1024
const MAX_OUTPUT = 4 * 1024 * 1024 * 1024

/** The most that `size` compressed bytes may come to. */
export const outputLimit = (size: number): number => Math.min(MAX_OUTPUT, Math.max(FREE_OUTPUT, size * MAX_RATIO))

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number; finishFlush: number }) => Uint8Array

function unpack(inflate: Inflate, format: string, bytes: Uint8Array, limit: number): Uint8Array {
  try {
    return inflate(bytes, { maxOutputLength: Math.max(1, limit), finishFlush: constants.Z_FINISH })
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw broken(format, tooLong ? `${bytes.length} bytes expand to more than ${limit}` : messageOf(error))
  }
}

export const inflateZlib = (bytes: Uint8Array): Uint8Array =>
  unpack(inflateSync, 'zlib', bytes, outputLimit(bytes.length))

export const inflateGzip = (bytes: Uint8Array): Uint8Array =>
  unpack(gunzipSync, 'gzip', bytes, outputLimit(bytes.length))

/** Bare deflate, as zip holds it, to exactly `size` bytes. */
export function inflateRaw(bytes: Uint8Array, size: number): Uint8Array {
  const out = unpack(inflateRawSync, 'zip', bytes, size)
  if (out.length !== size) throw broken('zip', `an entry of ${size} bytes expands to ${out.length}`)
  return out
}
