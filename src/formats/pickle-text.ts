/** How pickles spell text and long ints (CPython's `pickletools.py`). Each answers `undefined` for what is not so spelt. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 with `surrogatepass`: a lone surrogate is three bytes, as no decoder of JavaScript's takes it. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return decodeWithSurrogates(bytes)
  }
}

/** Cuts the text at its encoded surrogates (ED A0..BF 80..BF) and decodes what is between them. */
function decodeWithSurrogates(bytes: Uint8Array): string | undefined {
  const pieces: string[] = []
  let from = 0
  try {
    for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
      const [second = 0, third = 0] = bytes.subarray(at + 1, at + 3)
      if (second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue
      pieces.push(utf8.decode(bytes.subarray(from, at)))
      pieces.push(String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f)))
      from = at + 3
    }
    return pieces.join('') + utf8.decode(bytes.subarray(from))
  } catch {
    return undefined
  }
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

/** Protocol 0's unicode: Latin-1 with \uXXXX and \UXXXXXXXX (`raw-unicode-escape`). */
export function decodeUnicodeLine(line: Uint8Array): string | undefined {
  const text = latin1(line)
  if (!text.includes('\\')) return text
  let broken = false
  const decoded = text.replace(
    /(\\+)(u[\da-fA-F]{4}|U[\da-fA-F]{8}|[uU])/g,
    (whole, slashes: string, escaped: string) => {
      // Only an odd number of backslashes escapes; `raw` keeps the others as they are.
      if (slashes.length % 2 === 0) return whole
      const code = Number.parseInt(escaped.slice(1), 16)
      if (!(code <= 0x10ffff)) {
        broken = true
        return whole
      }
      return slashes.slice(1) + String.fromCodePoint(code)
    },
  )
  return broken ? undefined : decoded
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
])

/** Protocol 0's str of Python 2: its repr. */
export function decodeStringLine(line: Uint8Array): string | undefined {
  const text = latin1(line).trim()
  const quote = text[0]
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote)) return undefined
  return text.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|[0-7]{1,3}|[^x])/g, (whole, code: string) => {
    if (code[0] === 'x') return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff)
    return ESCAPES.get(code) ?? whole
  })
}

/** A little-endian two's complement int of any length. */
export function longOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  const hex = Buffer.from(bytes).reverse().toString('hex')
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`))
}
