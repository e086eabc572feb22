/** A transaction's bytes in the pieces that Arweave's nodes keep, for when a gateway will not give it whole. */
import { type Guard, NetworkError, readBody } from './guard.ts'
import type { Origin, Piece } from './origin.ts'
import { AnswerError } from './retry.ts'

/** A chunk is at most 256 KiB, in base64url with its proof. */
const MAX_CHUNK_BYTES = 2 << 20

/** `/tx/{id}/offset` tells where in the weave the bytes end, `/chunk/{position}` gives those from a position on. */
export function chunkOrigin(guard: Guard, gateway: string, id: string): Origin {
  const json = async (path: string): Promise<Record<string, unknown>> => {
    const answer = await guard.request(new URL(`${gateway}${path}`))
    if (answer.status !== 200) {
      answer.close()
      throw new AnswerError(answer)
    }
    try {
      return Object(JSON.parse((await readBody(answer, MAX_CHUNK_BYTES)).toString('utf8')))
    } catch (error) {
      if (error instanceof SyntaxError) throw new NetworkError(`${answer.url.host} answers no JSON for ${path}`)
      throw error
    }
  }
  const read = async (from: number): Promise<Piece> => {
    const place = await json(`/tx/${id}/offset`)
    const [size, offset] = [Number(place.size), Number(place.offset)]
    if (!Number.isSafeInteger(size) || !Number.isSafeInteger(offset) || size < 0 || offset < size - 1)
      throw new NetworkError(`${gateway} does not say where ${id} is`)
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = from; at < size; ) {
        const { chunk } = await json(`/chunk/${offset - size + 1 + at}`)
        const bytes = Buffer.from(typeof chunk === 'string' ? chunk : '', 'base64url')
        if (bytes.length === 0) throw new NetworkError(`${gateway} sends an empty chunk of ${id}`)
        yield bytes
        at += bytes.length
      }
    }
    return { at: from, size, digests: [], body: body(), close: () => {} }
  }
  return { label: new URL(gateway).host, read }
}
