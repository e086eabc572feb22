import { z } from 'zod'
import { readBoolean } from '../env-value.ts'
import { InferError, show } from '../errors.ts'

export const Location = { ONCHAIN: 0, OFFCHAIN: 1, STREAM: 2 } as const

/** 0, 1 or 2; as lax as the Python services: `"1"`, `1.0` and `true` are 1 too. */
const location = z.unknown().transform((value, context) => {
  const number = typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : readDigits(value)
  if (number === 0 || number === 1 || number === 2) return number
  context.addIssue({
    code: 'custom',
    message: `is ${show(value ?? null)}; say 0 (on chain), 1 (off chain) or 2 (stream)`,
  })
  return z.NEVER
})

const readDigits = (value: unknown): number | undefined =>
  typeof value === 'string' && /^\s*\+?\d+(\.0*)?\s*$/.test(value) ? Number(value) : undefined

const proof = z.unknown().transform((value, context) => {
  const wanted = value === undefined || value === null ? false : readBoolean(value)
  if (wanted === undefined) context.addIssue({ code: 'custom', message: `is ${show(value)}; say true or false` })
  return wanted ?? false
})

const object = z.record(z.string(), z.unknown())

/**
 * What an Infernet node posts to `/service_output`, whatever its generation: nodes before 1.0 send `source` and `data`
 * alone. On chain `data` is hex (`readHex` says which), else an object. Unknown keys are ignored.
 */
export const Envelope = z.object({
  /** Where the job comes from. */
  source: location,
  /** Where the answer goes; off chain when missing. */
  destination: location.optional(),
  data: z.union([z.string(), object], 'must be an object, or hex from a chain'),
  requires_proof: proof.optional(),
})
export type Envelope = z.infer<typeof Envelope>

/** @throws InferError bad_request with one sentence: the first thing wrong, its path and its value */
export function readEnvelope(body: unknown): Envelope {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InferError('bad_request', `the body must be a JSON object; it is ${show(body ?? null)}`)
  }
  if (!('source' in body))
    throw new InferError('bad_request', 'source is missing; say 0 (on chain), 1 (off chain) or 2 (stream)')
  const read = Envelope.safeParse(body)
  const issue = read.error?.issues[0]
  if (issue) {
    const path = issue.path.join('.')
    const given = issue.message.startsWith('is ')
      ? ''
      : `; it is ${show((body as Record<string, unknown>)[path] ?? null)}`
    throw new InferError('bad_request', `${path} ${issue.message}${given}`)
  }
  return read.data as Envelope
}
