import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const gitSha1 = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

export const COMMIT = 'c0ffee00'.repeat(5)

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** What a request for a file's bytes gets instead of the right answer; `n` counts such requests from 1. */
export type Behaviour = (exchange: Exchange, n: number) => void

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The right bytes, whole or of a range. */
  readonly file: Buffer
  /** Answers as a hub does, with these bytes. */
  serve(bytes?: Buffer, headers?: Record<string, string>): void
}

/** A server on loopback that speaks as the Hugging Face Hub does, as far as we ask it; and may misbehave. */
export class FakeHub {
  readonly files = new Map<string, Buffer>()
  readonly seen: Seen[] = []
  /** Large files have their sha256 for an etag, small ones git's sha1. */
  lfs = true
  behaviour: Behaviour = ({ serve }) => serve()
  /** Instead of the API's answers. */
  api: ((request: IncomingMessage, response: ServerResponse, next: () => void) => void) | undefined
  pageSize = 1000
  /** The only repository that it has. */
  repo = 'o/n'
  #server!: Server
  #reads = 0

  async start(): Promise<this> {
    this.#server = createServer((request, response) => this.#answer(request, response))
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Requests for a file's bytes so far. */
  get reads(): number {
    return this.#reads
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url)
    const path = decodeURIComponent(url.pathname)
    this.seen.push({ method: request.method ?? '', path, headers: request.headers })
    const json = (value: unknown, headers = {}): void =>
      void response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value))
    const file = path.startsWith(`/${this.repo}/resolve/`) ? path.split('/').slice(5).join('/') : undefined
    const api = `/api/models/${this.repo}`
    const next = (): void => {
      if (['main', 'v1', 'HEAD'].some((name) => path === `${api}/revision/${name}`))
        json({ _id: '1', id: this.repo, sha: COMMIT })
      else if (path === `${api}/tree/${COMMIT}`) this.#tree(url, json)
      else if (file !== undefined && this.files.has(file)) this.#resolve(this.files.get(file)!, request, response)
      else response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end('Entry not found')
    }
    if (this.api && path.startsWith('/api/')) this.api(request, response, next)
    else next()
  }

  #tree(url: URL, json: (value: unknown, headers?: object) => void): void {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const page = [...this.files].slice(from, from + this.pageSize).map(([path, bytes]) => ({
      type: 'file',
      path,
      size: bytes.length,
      oid: this.lfs ? '0'.repeat(40) : gitSha1(bytes),
      ...(this.lfs && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } }),
    }))
    const more = from + this.pageSize < this.files.size
    const next = `${url.origin}${url.pathname}?recursive=true&cursor=${from + this.pageSize}`
    json(page, more ? { Link: `<${next}>; rel="next"` } : {})
  }

  #resolve(file: Buffer, request: IncomingMessage, response: ServerResponse): void {
    this.#reads++
    const etag = `"${this.lfs ? sha256(file) : gitSha1(file)}"`
    const serve = (bytes = file, headers: Record<string, string> = {}): void => {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const common = { 'Content-Type': 'application/octet-stream', ETag: etag, ...headers }
      if (from >= bytes.length && from > 0) response.writeHead(416, common).end()
      else if (from > 0) {
        const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`
        response.writeHead(206, { ...common, 'Content-Range': range, 'Content-Length': bytes.length - from })
        response.end(bytes.subarray(from))
      } else response.writeHead(200, { ...common, 'Content-Length': bytes.length }).end(bytes)
    }
    this.behaviour({ request, response, file, serve }, this.#reads)
  }
}

/** Sends the head and so many bytes of the file, then cuts the connection. */
export const cutAfter =
  (count: number): Behaviour =>
  ({ response, file, request }) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const range = { 'Content-Range': `bytes ${from}-${file.length - 1}/${file.length}` }
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': file.length - from, ...(from > 0 && range) })
    response.write(file.subarray(from, from + count), () => setTimeout(() => response.destroy(), 10))
  }

/** An answer of a status alone. */
export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  ({ response }) =>
    void response.writeHead(code, headers).end(`status ${code}`)

export const redirect = (location: string, code = 302): Behaviour => status(code, { Location: location })

/** The first `count` times so, then as it should be. */
export const firstly =
  (count: number, behaviour: Behaviour): Behaviour =>
  (exchange, n) =>
    n <= count ? behaviour(exchange, n) : exchange.serve()
