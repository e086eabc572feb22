import { type ModelId, parseModelId } from '../codecs/model-id.ts'
import { InferError } from '../errors.ts'
import { DEFAULT_CACHE_DIRECTORY, findModelFile } from './cache.ts'
import { type Keywords, type ModelReference, readModelReference } from './model-reference.ts'

/** Where the front looks models up: for workflows, which may name anything, and for requests, which may not. */
export interface Resolver {
  /** A reference in a workflow's own words (JSON: a string, or keyword arguments) to a file. @throws InferError bad_model */
  forWorkflow(reference: string): Promise<string>
  /** A model id in a request to a file. @throws InferError bad_request when it is not allowed or not there */
  forRequest(id: ModelId): Promise<string>
  readonly cacheDirectory: string
}

export interface ResolverOptions {
  /** The configured workflow's keyword arguments. */
  readonly keywords: Keywords
  /** The file to serve when nothing is configured at all. */
  readonly defaultModel: string
  /** Whether that file may be served: nobody named a workflow. */
  readonly useDefault: boolean
}

/** A request may name models of the configured model's owner, and none where no owner is configured. */
export function createResolver({ keywords, defaultModel, useDefault }: ResolverOptions): Resolver {
  const cacheDirectory = typeof keywords.cache_dir === 'string' ? keywords.cache_dir : DEFAULT_CACHE_DIRECTORY
  const find = (reference: ModelReference): string => findModelFile(reference, cacheDirectory)
  return {
    cacheDirectory,
    async forWorkflow(text) {
      const reference: unknown = JSON.parse(text)
      const named = readModelReference(
        typeof reference === 'string' ? { model_id: reference } : (reference as Keywords),
      )
      if (named) return find(named)
      if (useDefault) return defaultModel
      throw new InferError(
        'bad_model',
        'no model is configured: name one with model_id, model_name, or model_source and load_args',
      )
    },
    async forRequest(id) {
      const configured = readModelReference(keywords)
      const owner = configured && 'id' in configured ? configured.id : undefined
      if (!owner || owner.storage !== id.storage || owner.owner !== id.owner) {
        throw new InferError(
          'bad_request',
          `model_id names ${id.storage}/${id.owner}, which this server does not serve`,
        )
      }
      try {
        return find({ id })
      } catch (error) {
        throw error instanceof InferError ? new InferError('bad_request', error.message) : error
      }
    },
  }
}

/** A request's `model_id`. @throws InferError bad_request */
export const readRequestModelId = (value: unknown): ModelId => {
  if (typeof value !== 'string')
    throw new InferError('bad_request', `model_id must be a string such as huggingface/owner/name:file`)
  return parseModelId(value)
}
