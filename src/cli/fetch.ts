import { InferError } from '../errors.ts'
import type { Resolver } from '../sources/resolver.ts'

/**
 * `fetch MODEL_ID...`: fills the cache, so that a server without a network finds its models there.
 * @returns the exit code: 0 when every model is in the cache
 */
export async function fetchModels(
  ids: readonly string[],
  resolver: Resolver,
  print: (line: string) => void,
): Promise<number> {
  if (ids.length === 0)
    throw new InferError('bad_request', 'fetch needs at least one model id: storage/owner/name[/version]:file')
  let failures = 0
  for (const id of ids) {
    try {
      print(`ok      ${id}  ${await resolver.forWorkflow(JSON.stringify(id))}`)
    } catch (error) {
      if (!(error instanceof InferError)) throw error
      print(`FAILED  ${id}: ${error.message}`)
      failures++
    }
  }
  return failures === 0 ? 0 : 1
}
