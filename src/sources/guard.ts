/**
 * The only door from this server to other servers. What they say is untrusted, where they redirect to above all, so
 * each hop is checked when it connects: https and a public address, unless the operator wrote that very origin down.
 */
import dns from 'node:dns'
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { InferError } from '../errors.ts'
import { isPublicAddress } from './addresses.ts'

export interface Timeouts {
  /** To a connection, TLS included. */
  readonly connectMs: number
  /** From the connection to the answer's head. */
  readonly firstByteMs: number
  /** Between two pieces of the body. */
  readonly stallMs: number
  /** In which a body must bring what `MIN_BYTES_PER_S` makes of it. */
  readonly paceMs: number
}

export interface GuardOptions {
  /** Origins (`http://127.0.0.1:8080`) that the operator configured: these may be plain http and private. */
  readonly trusted?: readonly string[]
  readonly timeouts?: Partial<Timeouts>
  /** Finds the addresses of a host; for tests. */
  readonly resolve?: typeof dns.lookup
}

export interface GuardedRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

export interface Hop {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

export interface GuardedResponse extends Hop {
  /** The redirects that led here, first one first. */
  readonly hops: readonly Hop[]
  /** To be read, or closed; it throws when it stalls. */
  readonly body: AsyncIterable<Uint8Array>
  close(): void
}

/** Another server could not be reached or did not finish: worth another try. */
export class NetworkError extends Error {}

/** The bytes trickle: a try that brought some has failed all the same. */
export class TooSlow extends NetworkError {}

const DEFAULTS: Timeouts = { connectMs: 10_000, firstByteMs: 30_000, stallMs: 30_000, paceMs: 60_000 }
/** The slowest line that is in use brings more; at this pace 100 MB take a day. */
const MIN_BYTES_PER_S = 1024
const MAX_REDIRECTS = 5
const REDIRECTS = [301, 302, 303, 307, 308]

export class Guard {
  readonly #trusted: ReadonlySet<string>
  readonly #timeouts: Timeouts
  readonly #resolve: typeof dns.lookup

  constructor({ trusted = [], timeouts = {}, resolve = dns.lookup }: GuardOptions = {}) {
    this.#trusted = new Set(trusted.map((origin) => new URL(origin).origin))
    this.#timeouts = { ...DEFAULTS, ...timeouts }
    this.#resolve = resolve
  }

  trusts(url: URL): boolean {
    return this.#trusted.has(url.origin)
  }

  /**
   * One request, with at most five redirects. Authorization stays with the host that it was meant for.
   * @throws NetworkError when another try may help; InferError bad_model when an address is refused
   */
  async request(target: URL, request: GuardedRequest = {}): Promise<GuardedResponse> {
    const hops: Hop[] = []
    let headers = request.headers ?? {}
    let url = target
    for (;;) {
      this.#check(url)
      const message = await this.#send(url, { ...request, headers })
      const hop: Hop = { url, status: message.statusCode ?? 0, headers: message.headers }
      const { location } = message.headers
      if (!REDIRECTS.includes(hop.status) || location === undefined) return this.#answer(message, hop, hops)
      message.destroy()
      hops.push(hop)
      if (hops.length > MAX_REDIRECTS) throw refused(`${target.host} redirects more than ${MAX_REDIRECTS} times`)
      if (request.method === 'POST' && hop.status < 307) throw refused(`${url.host} redirects a POST`)
      if (!URL.canParse(location, url.href)) throw refused(`${url.host} redirects to no address`)
      const next = new URL(location, url)
      if (next.origin !== url.origin) headers = withoutSecrets(headers)
      url = next
    }
  }

  #answer(message: IncomingMessage, hop: Hop, hops: readonly Hop[]): GuardedResponse {
    const body = withoutStalls(message, hop.url.host, this.#timeouts)
    return { ...hop, hops, body, close: () => void message.destroy() }
  }

  /** All that can be told before there is a connection; a host name's addresses are checked by the look-up. */
  #check(url: URL): void {
    if (url.username || url.password) throw refused(`the address of ${url.host} has a user name or password in it`)
    if (this.trusts(url)) return
    if (url.protocol !== 'https:') throw refused(`${url.protocol}//${url.host} is not https`)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) && !isPublicAddress(host)) throw notPublic(url.host, host)
  }

  #send(url: URL, { method = 'GET', headers = {}, body, signal }: GuardedRequest): Promise<IncomingMessage> {
    const { connectMs, firstByteMs } = this.#timeouts
    const { request } = url.protocol === 'https:' ? https : http
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method,
        agent: false,
        lookup: this.trusts(url) ? (this.#resolve as LookupFunction) : this.#publicLookup,
        headers: { 'User-Agent': 'infernet-classic', 'Accept-Encoding': 'identity', ...headers },
        ...(signal && { signal }),
      })
      const late = (ms: number, what: string) =>
        setTimeout(() => sent.destroy(new NetworkError(`${what} within ${ms} ms`)), ms)
      let timer = late(connectMs, 'no connection')
      const connected = (): void => {
        clearTimeout(timer)
        timer = late(firstByteMs, 'no answer')
      }
      sent.once('socket', (socket) => socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected))
      sent.once('response', (message) => {
        clearTimeout(timer)
        resolve(message)
      })
      sent.on('error', (error) => {
        clearTimeout(timer)
        reject(
          error instanceof InferError ? error : new NetworkError(`${url.host}: ${error.message}`, { cause: error }),
        )
      })
      sent.end(body)
    })
  }

  /** What is connected to is what was checked: the socket gets the addresses from here, and no name. */
  readonly #publicLookup: LookupFunction = (host, options, callback) => {
    this.#resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0)
      const open = addresses.filter(({ address }) => isPublicAddress(address))
      const [first] = open
      if (!first) return callback(notPublic(host, addresses.map(({ address }) => address).join(', ')), '', 0)
      return options.all ? callback(null, open) : callback(null, first.address, first.family)
    })
  }
}

async function* withoutStalls(message: IncomingMessage, host: string, { stallMs, paceMs }: Timeouts) {
  const pieces = message[Symbol.asyncIterator]()
  let bytes = 0
  let sinceMs = performance.now()
  try {
    for (;;) {
      const stop = (): void => void message.destroy(new NetworkError(`no bytes for ${stallMs} ms`))
      const timer = setTimeout(stop, stallMs)
      const { done, value } = await pieces.next().finally(() => clearTimeout(timer))
      if (done) return
      bytes += (value as Uint8Array).length
      const ms = performance.now() - sinceMs
      if (ms >= paceMs) {
        if (bytes < (MIN_BYTES_PER_S * ms) / 1000)
          throw new TooSlow(`no more than ${bytes} bytes in ${Math.round(ms)} ms`)
        bytes = 0
        sinceMs = performance.now()
      }
      yield value as Uint8Array
    }
  } catch (error) {
    if (error instanceof TooSlow) throw new TooSlow(`${host}: ${error.message}`)
    throw new NetworkError(`${host}: ${(error as Error).message}`, { cause: error })
  } finally {
    message.destroy()
  }
}

/** The whole body, if it is no more than `maxBytes`. */
export async function readBody(
  { url, body }: Pick<GuardedResponse, 'url' | 'body'>,
  maxBytes: number,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    size += piece.length
    if (size > maxBytes) throw refused(`${url.host} answers more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

const withoutSecrets = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)))

const refused = (why: string): InferError => new InferError('bad_model', `refused: ${why}`)

const notPublic = (host: string, address: string): InferError =>
  refused(`${host} is at ${address}, which is no public address`)
