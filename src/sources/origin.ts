/** Where bytes of a file can be had: one address of one server, read from any position on. */
import { InferError } from '../errors.ts'
import { type Guard, type GuardedResponse, NetworkError } from './guard.ts'
import { AnswerError } from './retry.ts'
import type { Digest } from './verify.ts'

export interface Piece {
  /** The position of the body's first byte in the file: what was asked for, or 0. */
  readonly at: number
  /** The whole file's size, where it is told. */
  readonly size?: number | undefined
  /** What the answer says of the whole file. */
  readonly digests: readonly Digest[]
  readonly body: AsyncIterable<Uint8Array>
  /** Instead of reading the body. */
  close(): void
}

export interface Origin {
  /** The host, for sentences. */
  readonly label: string
  read(from: number): Promise<Piece>
}

export interface HttpOriginOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** What this server's answers say of the file's digest. */
  readonly digests?: (response: GuardedResponse) => readonly Digest[]
}

/** Resumes by Range, and by If-Range too where this process has seen a strong etag; else the digest will tell. */
export function httpOrigin(
  guard: Guard,
  url: URL,
  { headers = {}, digests = () => [] }: HttpOriginOptions = {},
): Origin {
  let etag: string | undefined
  const read = async (from: number): Promise<Piece> => {
    const range = from > 0 ? { Range: `bytes=${from}-`, ...(etag && { 'If-Range': etag }) } : {}
    const response = await guard.request(url, { headers: { ...headers, ...range } })
    const { status } = response
    if (from > 0 && (status === 416 || (status === 206 && startOf(response) !== from))) {
      response.close()
      return read(0)
    }
    if (status !== 200 && status !== 206) {
      response.close()
      throw new AnswerError({ ...response, url })
    }
    etag = /^"/.test(response.headers.etag ?? '') ? response.headers.etag : undefined
    if (/^text\/html\b/.test(response.headers['content-type'] ?? '') && !/\.html?$/.test(url.pathname)) {
      response.close()
      throw new NetworkError(`${response.url.host} answers a web page instead of the file`)
    }
    const at = status === 206 ? from : 0
    const size = sizeOf(response, at)
    return { at, size, digests: digests(response), body: response.body, close: response.close }
  }
  return { label: url.host, read }
}

/** Of `bytes 100-199/200`, the 100. */
const startOf = ({ headers }: GuardedResponse): number =>
  Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? -1)

function sizeOf({ headers, url }: GuardedResponse, at: number): number | undefined {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new NetworkError(`${url.host} sends the file ${encoding}-encoded`)
  const length = headers['content-length']
  return length === undefined ? undefined : at + Number(length)
}

/** Refuses a page where a file was asked for: proxies and log-ins answer 200 with HTML. */
export function checkSize(piece: Piece, expected: number | undefined, label: string): void {
  if (expected === undefined || piece.size === undefined || piece.size === expected) return
  piece.close()
  throw new NetworkError(`${label} sends ${piece.size} bytes where the file has ${expected}`)
}

/** A sentence for what a server would not give, by the status of its answer. */
export function refusal(error: AnswerError, what: string, hint = ''): InferError {
  const why = [401, 403].includes(error.status)
    ? 'may not be read'
    : error.status === 404
      ? 'does not exist'
      : 'is refused'
  return new InferError('bad_model', `${what} ${why} (${error.message})${hint}`, { cause: error })
}
