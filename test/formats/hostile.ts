/** Hand-made hostile files: pieces of pickles and of zips. */
import { crc32, deflateRawSync } from 'node:zlib'

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** Bytes of numbers, Latin-1 texts and other bytes, one after the other. */
export const bytesOf = (...parts: readonly (number | string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Uint8Array.of(part) : typeof part === 'string' ? ascii(part) : part,
    ),
  )

export function little(value: number | bigint, size: 2 | 4 | 8): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
  return bytes.subarray(0, size)
}

export interface Member {
  readonly name: string
  readonly content: Uint8Array
  readonly deflate?: boolean
  readonly flags?: number
  readonly crc?: number
  /** What the headers say. */
  readonly size?: number
  readonly packed?: number
  readonly localName?: string
  /** The local header of another member. */
  readonly at?: number
  readonly attributes?: number
}

/** A zip whose headers say what they are told to. */
export function zipOf(
  members: readonly Member[],
  end: { readonly count?: number; readonly offset?: number } = {},
): Uint8Array {
  const locals: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let at = 0
  for (const member of members) {
    const data = member.deflate ? deflateRawSync(member.content) : member.content
    const [method, flags] = [member.deflate ? 8 : 0, member.flags ?? 0]
    const sizes = bytesOf(
      little(member.crc ?? crc32(member.content), 4),
      little(member.packed ?? data.length, 4),
      little(member.size ?? member.content.length, 4),
    )
    const name = ascii(member.name)
    const localName = ascii(member.localName ?? member.name)
    const head = bytesOf(little(20, 2), little(flags, 2), little(method, 2), little(0, 4))
    const local = bytesOf('PK\x03\x04', head, sizes, little(localName.length, 2), little(0, 2), localName, data)
    directory.push(
      bytesOf(
        'PK\x01\x02',
        little(0x031e, 2),
        head,
        sizes,
        little(name.length, 2),
        little(0, 8),
        little(member.attributes ?? 0, 4),
      ),
      bytesOf(little(member.at ?? at, 4), name),
    )
    locals.push(local)
    at += local.length
  }
  const central = bytesOf(...directory)
  const count = little(end.count ?? members.length, 2)
  const last = bytesOf(
    'PK\x05\x06',
    little(0, 4),
    count,
    count,
    little(central.length, 4),
    little(end.offset ?? at, 4),
    little(0, 2),
  )
  return bytesOf(...locals, central, last)
}
