import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sha256 } from './fake-hub.ts'

export interface Upload {
  readonly id: string
  readonly owner: string
  readonly tags: Record<string, string>
  readonly bytes: Buffer
}

/** An id or address: 43 characters. */
export const address = (letter: string): string => letter.repeat(43)

interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

/** An Arweave gateway on loopback, as far as it is asked; a node's chunks are kept at position 1,000,000 and up. */
export class FakeGateway {
  readonly uploads: Upload[] = []
  readonly seen: string[] = []
  readonly queries: { query: string; variables: Record<string, unknown> }[] = []
  /** Answers a request itself, or returns false. */
  behaviour: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  chunkBytes = 1000
  /** Whether GraphQL answers with all there is, whatever was asked for. */
  liar = false
  #server!: Server

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request
        .on('data', (piece) => pieces.push(piece))
        .on('end', () => {
          this.seen.push(request.url ?? '')
          if (!this.behaviour(request, response)) this.#answer(request, response, Buffer.concat(pieces).toString())
        })
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** As Ritual's tools upload a repository: a transaction a file, and a manifest. */
  upload(owner: string, repo: string, files: Record<string, Buffer>, time = 1): void {
    const common = { 'App-Name': 'Ritual', 'Repo-Name': repo, 'Unix-Time': String(time) }
    const paths = Object.entries(files).map(([name, bytes], i) => {
      const id = `${repo}-${time}-${i}`.padEnd(43, '_')
      const tags = { ...common, 'File-Name': name, 'File-Version': `v${time}`, 'File-SHA256': sha256(bytes) }
      this.uploads.push({ id, owner, tags, bytes })
      return [name, { id }]
    })
    const manifest = { manifest: 'arweave/paths', version: '0.1.0', paths: Object.fromEntries(paths) }
    const id = `${repo}-${time}-manifest`.padEnd(43, '_')
    this.uploads.push({
      id,
      owner,
      tags: { ...common, Type: 'manifest' },
      bytes: Buffer.from(JSON.stringify(manifest)),
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const path = decodeURIComponent(request.url ?? '')
    const json = (value: unknown): void => void response.end(JSON.stringify(value))
    const of = (id: string | undefined): Upload | undefined => this.uploads.find((upload) => upload.id === id)
    const data = of(/^\/tx\/([^/]+)\/data$/.exec(path)?.[1])
    const offset = of(/^\/tx\/([^/]+)\/offset$/.exec(path)?.[1])
    const position = /^\/chunk\/(\d+)$/.exec(path)?.[1]
    const whole = of(path.slice(1))
    if (path === '/graphql') json({ data: this.#query(JSON.parse(body)) })
    else if (data) response.end(data.bytes)
    else if (offset) json({ size: String(offset.bytes.length), offset: String(this.#end(offset)) })
    else if (position !== undefined) json({ chunk: this.#chunk(Number(position)).toString('base64url') })
    else if (whole) response.writeHead(200, { 'Content-Length': whole.bytes.length }).end(whole.bytes)
    else response.writeHead(404).end('Not Found')
  }

  #end(upload: Upload): number {
    return 1_000_000 * (this.uploads.indexOf(upload) + 1) + upload.bytes.length - 1
  }

  #chunk(position: number): Buffer {
    const upload = this.uploads[Math.floor(position / 1_000_000) - 1]!
    return upload.bytes.subarray(position % 1_000_000, (position % 1_000_000) + this.chunkBytes)
  }

  #query(asked: { query: string; variables: { owners?: string[]; tags?: Filter[]; id?: string } }): object {
    this.queries.push(asked)
    const { owners = [], tags = [], id } = asked.variables
    const node = (upload: Upload): object => ({
      id: upload.id,
      owner: { address: upload.owner },
      data: { size: String(upload.bytes.length) },
      tags: Object.entries(upload.tags).map(([name, value]) => ({ name, value })),
    })
    if (id !== undefined) {
      const found = this.uploads.find((upload) => upload.id === id)
      return { transaction: found ? node(found) : null }
    }
    const matches = (upload: Upload): boolean =>
      owners.includes(upload.owner) && tags.every(({ name, values }) => values.includes(upload.tags[name] ?? ''))
    return {
      transactions: { edges: this.uploads.filter((u) => this.liar || matches(u)).map((u) => ({ node: node(u) })) },
    }
  }
}
