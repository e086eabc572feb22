/** Models on the Hugging Face Hub, or on a server that speaks as it does. */
import type { ModelId } from '../codecs/model-id.ts'
import { formatModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import { type Guard, type GuardedResponse, readBody } from './guard.ts'
import { httpOrigin, refusal } from './origin.ts'
import type { Hub, RemoteFile } from './repository.ts'
import { AnswerError, DEFAULT_RETRY, type RetryPolicy, retrying, Unreachable } from './retry.ts'
import { type Digest, readEtag, sha256Digest } from './verify.ts'

export const HUGGING_FACE = 'https://huggingface.co'

export interface HuggingFaceOptions {
  readonly guard: Guard
  /** HF_ENDPOINT. */
  readonly endpoint?: string | undefined
  /** HF_TOKEN: sent to the endpoint, and to no other host. */
  readonly token?: string | undefined
  readonly retry?: RetryPolicy | undefined
}

/** An answer of the API: 1,000 files a page take some hundred KiB. */
const MAX_ANSWER_BYTES = 16 << 20
const MAX_FILES = 10_000
/** The hub's own rule; what else stood in a name would become part of an address. */
const REPO_PART = /^\w[\w.-]{0,95}$/
const COMMIT = /^[0-9a-f]{40}$/

interface TreeEntry {
  readonly type: string
  readonly path: string
  readonly size: number
  readonly oid?: string
  readonly lfs?: { readonly oid: string; readonly size: number }
}

export class HuggingFace implements Hub {
  readonly #guard: Guard
  readonly #endpoint: string
  readonly #token: string | undefined
  readonly #retry: RetryPolicy

  constructor({ guard, endpoint = HUGGING_FACE, token, retry = DEFAULT_RETRY }: HuggingFaceOptions) {
    this.#guard = guard
    this.#endpoint = endpoint.replace(/\/+$/, '')
    this.#token = token
    this.#retry = retry
  }

  /** The files of one commit: the one that the id's version (a branch, a tag, a commit) stands for now. */
  async list(id: ModelId): Promise<readonly RemoteFile[]> {
    const name = `${id.owner}/${id.name}`
    if (!REPO_PART.test(id.owner) || !REPO_PART.test(id.name))
      throw new InferError('bad_model', `${name} is no name that a Hugging Face repository can have`)
    const what = formatModelId({ ...id, files: [] })
    const { listFiles, modelInfo } = await import('@huggingface/hub')
    const common = { hubUrl: this.#endpoint, fetch: this.#fetch }
    const revision = id.version ?? 'main'
    const { sha } = await this.#ask(what, () => modelInfo({ ...common, name, revision, additionalFields: ['sha'] }))
    if (typeof sha !== 'string' || !COMMIT.test(sha))
      throw new Unreachable(`${this.#host} does not say which commit ${what} is at`)
    const files: RemoteFile[] = []
    await this.#ask(what, async () => {
      files.length = 0
      const repo = { type: 'model', name } as const
      for await (const entry of listFiles({ ...common, repo, revision: sha, recursive: true })) {
        if (entry.type === 'file') files.push(this.#file(name, sha, entry))
        if (files.length > MAX_FILES) throw new InferError('bad_model', `${what} has more than ${MAX_FILES} files`)
      }
    })
    return files
  }

  get #host(): string {
    return new URL(this.#endpoint).host
  }

  #file(name: string, commit: string, { path, size, oid, lfs }: TreeEntry): RemoteFile {
    const says = `${this.#host} (${commit.slice(0, 8)})`
    const digest = lfs ? sha256Digest(lfs.oid, says) : readEtag(oid, says)
    const url = new URL(
      `${this.#endpoint}/${name}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`,
    )
    const origin = httpOrigin(this.#guard, url, {
      headers: this.#headers(url),
      digests: (answer) => this.#etags(answer),
    })
    const located = { size: lfs?.size ?? size, digests: digest ? [digest] : [], origins: [origin] }
    return { path, locate: async () => located }
  }

  /** The hub itself names the digest on its way to where the bytes are; the etag of a store means something else. */
  #etags({ hops, url, headers }: GuardedResponse): readonly Digest[] {
    const own = [...hops, { url, headers }].filter((hop) => hop.url.origin === new URL(this.#endpoint).origin)
    return own.flatMap((hop) => {
      const linked = hop.headers['x-linked-etag']
      return readEtag(typeof linked === 'string' ? linked : hop.headers.etag, `the etag of ${this.#host}`) ?? []
    })
  }

  #headers(url: URL): Record<string, string> {
    const own = url.origin === new URL(this.#endpoint).origin
    return own && this.#token ? { Authorization: `Bearer ${this.#token}` } : {}
  }

  /** For `@huggingface/hub`, whose questions are small: through the guard, with what may pass tried again. */
  readonly #fetch: typeof fetch = (input) =>
    retrying(this.#retry, async () => {
      const url = new URL(input instanceof Request ? input.url : input)
      const answer = await this.#guard.request(url, { headers: { Accept: 'application/json', ...this.#headers(url) } })
      const { status, headers } = answer
      if (status !== 200) {
        answer.close()
        throw new AnswerError(answer)
      }
      const link = headers.link
      const body = new Uint8Array(await readBody(answer, MAX_ANSWER_BYTES))
      return new Response(body, { headers: typeof link === 'string' ? { Link: link } : {} })
    })

  async #ask<T>(what: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      if (error instanceof AnswerError) throw refusal(error, what, this.#hint(error))
      if (error instanceof InferError) throw error
      throw new Unreachable(`${this.#host} does not answer as a hub does`, { cause: error })
    }
  }

  #hint({ status }: AnswerError): string {
    if (status !== 401 && status !== 403 && status !== 404) return ''
    return this.#token ? '; HF_TOKEN may not allow it' : '; HF_TOKEN is not set, if it is private'
  }
}
