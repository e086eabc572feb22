/**
 * Models on Arweave, as Ritual's tools upload them: transactions that tags describe, found by a gateway's GraphQL.
 *
 * An owner is a wallet's address, and is checked in every answer; that a gateway does not lie about it is not (that would
 * take the transaction's signature). Bytes are checked against the `File-SHA256` tag.
 */
import { formatModelId, type ModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import { chunkOrigin } from './arweave-chunks.ts'
import { type Guard, readBody } from './guard.ts'
import type { IdDetails } from './model-reference.ts'
import { httpOrigin } from './origin.ts'
import type { Hub, Located, RemoteFile } from './repository.ts'
import { AnswerError, DEFAULT_RETRY, type RetryPolicy, retrying, Unreachable } from './retry.ts'
import { sha256Digest } from './verify.ts'

export const ARWEAVE_GATEWAYS: readonly string[] = ['https://arweave.net', 'https://ar-io.net', 'https://permagate.io']

export interface ArweaveOptions {
  readonly guard: Guard
  readonly gateways?: readonly string[] | undefined
  readonly retry?: RetryPolicy | undefined
}

interface Transaction {
  readonly id: string
  readonly owner: { readonly address: string }
  readonly data?: { readonly size?: string | number | null } | null
  readonly tags: readonly { readonly name: string; readonly value: string }[]
}

type Tags = readonly { readonly name: string; readonly values: readonly string[] }[]

const MAX_ANSWER_BYTES = 4 << 20
const ADDRESS = /^[\w-]{43}$/
const FIELDS = 'id owner { address } data { size } tags { name value }'
const FIND = `query($owners: [String!], $tags: [TagFilter!]) {
  transactions(sort: HEIGHT_DESC, first: 100, owners: $owners, tags: $tags) { edges { node { ${FIELDS} } } } }`
const GET = `query($id: ID!) { transaction(id: $id) { ${FIELDS} } }`

export class Arweave implements Hub {
  readonly #guard: Guard
  readonly #gateways: readonly string[]
  readonly #retry: RetryPolicy

  constructor({ guard, gateways = ARWEAVE_GATEWAYS, retry = DEFAULT_RETRY }: ArweaveOptions) {
    this.#guard = guard
    this.#gateways = gateways
    this.#retry = retry
  }

  /** What the newest manifest of a repository lists; where there is none, or a version is asked for, the id's files. */
  async list(id: ModelId & IdDetails): Promise<readonly RemoteFile[]> {
    const wrong = ownersOf(id).find((owner) => !ADDRESS.test(owner))
    if (wrong !== undefined)
      throw new InferError('bad_model', `${wrong} is no Arweave address (43 characters); it may be named in owners`)
    const manifest = id.version
      ? undefined
      : await this.#newest(id, [repoName(id), { name: 'Type', values: ['manifest'] }])
    if (manifest) return this.#manifest(id, manifest.id)
    const found: RemoteFile[] = []
    for (const path of id.files) {
      const transaction = await this.#single(id, path)
      if (transaction) found.push({ path, locate: async () => this.#located(transaction) })
    }
    if (found.length > 0) return found
    throw new InferError('bad_model', `${formatModelId(id)} does not exist on Arweave`)
  }

  /** `Model-Id` is what the oldest uploads have in place of `Repo-Name`. */
  async #single(id: ModelId & IdDetails, file: string): Promise<Transaction | undefined> {
    const name = { name: 'File-Name', values: [file] }
    const version = id.version ? [{ name: 'File-Version', values: [id.version] }] : []
    const tags = (repo: string): Tags => [{ name: repo, values: [repoOf(id)] }, name, ...version]
    return (await this.#newest(id, tags('Repo-Name'))) ?? (await this.#newest(id, tags('Model-Id')))
  }

  async #newest(id: ModelId & IdDetails, tags: Tags): Promise<Transaction | undefined> {
    const wanted: Tags = [{ name: 'App-Name', values: ['Ritual'] }, ...tags]
    const { transactions } = await this.#query<{ transactions?: { edges?: { node: Transaction }[] } }>(FIND, {
      owners: ownersOf(id),
      tags: wanted,
    })
    const nodes = (transactions?.edges ?? []).map(({ node }) => node)
    const ours = nodes.filter(
      (node) =>
        ownersOf(id).includes(node.owner.address) &&
        ADDRESS.test(node.id) &&
        wanted.every(({ name, values }) => values.includes(tag(node, name) ?? '')),
    )
    const time = (node: Transaction): number => Number(tag(node, 'Unix-Time') ?? 0) || 0
    return ours.sort((a, b) => time(b) - time(a))[0]
  }

  async #manifest(id: ModelId & IdDetails, transaction: string): Promise<RemoteFile[]> {
    const text = await this.#ask((gateway) => this.#text(new URL(`${gateway}/tx/${transaction}/data`)))
    const { paths } = parseManifest(text) ?? {}
    if (!paths) throw new InferError('bad_model', `the manifest of ${formatModelId(id)} (${transaction}) is none`)
    return Object.entries(paths).map(([path, { id: file }]) => ({
      path,
      locate: async () => {
        if (!ADDRESS.test(file))
          throw new InferError('bad_model', `${path} has no transaction in the manifest ${transaction}`)
        const { transaction: found } = await this.#query<{ transaction?: Transaction | null }>(GET, { id: file })
        if (!found || found.id !== file)
          throw new InferError('bad_model', `${path} (${file}) does not exist on Arweave`)
        const owners = ownersOf(id)
        if (!owners.includes(found.owner.address))
          throw new InferError(
            'bad_model',
            `${path} (${file}) belongs to ${found.owner.address}, not to ${owners.join(' or ')}`,
          )
        return this.#located(found)
      },
    }))
  }

  /** Whole from each gateway, then in chunks from each. */
  #located(transaction: Transaction): Located {
    const { id, data } = transaction
    const sha256 = tag(transaction, 'File-SHA256') ?? ''
    const size = data?.size === null || data?.size === undefined ? undefined : Number(data.size)
    return {
      size: Number.isSafeInteger(size) ? size : undefined,
      digests: /^[0-9a-f]{64}$/i.test(sha256) ? [sha256Digest(sha256, `the File-SHA256 tag of ${id}`)] : [],
      origins: [
        ...this.#gateways.map((gateway) => httpOrigin(this.#guard, new URL(`${gateway}/${id}`))),
        ...this.#gateways.map((gateway) => chunkOrigin(this.#guard, gateway, id)),
      ],
    }
  }

  async #query<T>(query: string, variables: object): Promise<T> {
    const body = JSON.stringify({ operationName: null, query, variables })
    const text = await this.#ask((gateway) => this.#text(new URL(`${gateway}/graphql`), body))
    const { data } = parse(text) as { data?: T }
    if (!data) throw new Unreachable('the Arweave gateway does not answer as GraphQL does')
    return data
  }

  async #text(url: URL, body?: string): Promise<string> {
    const headers = { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) }
    const answer = await this.#guard.request(url, { headers, ...(body && { method: 'POST', body }) })
    if (answer.status === 200) return (await readBody(answer, MAX_ANSWER_BYTES)).toString('utf8')
    answer.close()
    throw new AnswerError(answer)
  }

  /** Each gateway in turn, until one answers. */
  async #ask<T>(question: (gateway: string) => Promise<T>): Promise<T> {
    let last: unknown
    for (const gateway of this.#gateways) {
      try {
        return await retrying({ ...this.#retry, attempts: this.#gateways.length > 1 ? 2 : this.#retry.attempts }, () =>
          question(gateway),
        )
      } catch (error) {
        last = error
      }
    }
    if (last instanceof InferError) throw last
    throw new Unreachable(`Arweave: ${(last as Error).message}`, { cause: last })
  }
}

const ownersOf = ({ owner, owners }: ModelId & IdDetails): readonly string[] => owners ?? [owner]

const repoOf = ({ name, repo }: ModelId & IdDetails): string => repo ?? name

const repoName = (id: ModelId & IdDetails): Tags[number] => ({ name: 'Repo-Name', values: [repoOf(id)] })

const tag = ({ tags }: Transaction, name: string): string | undefined => tags.find((t) => t.name === name)?.value

function parse(text: string): unknown {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

/** Some gateways give a transaction's data as base64url. */
function parseManifest(text: string): { paths?: Record<string, { id: string }> } | undefined {
  const manifest = parse(text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64url').toString('utf8'))
  const { manifest: kind, paths } = manifest as { manifest?: unknown; paths?: unknown }
  if (kind !== 'arweave/paths' || typeof paths !== 'object' || paths === null) return undefined
  return { paths: Object.fromEntries(Object.entries(paths).filter(([, value]) => typeof value?.id === 'string')) }
}
