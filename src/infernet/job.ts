/**
 * One request to `/service_output`, from its parsed body to the text of its answer: the Infernet door without HTTP.
 * Another protocol's door is another file like this one, over the same engine.
 */
import { readHex } from '../codecs/hex.ts'
import { InferError, messageOf, show } from '../errors.ts'
import type { Engine, EngineReply, EngineRequest, Served } from '../runtime/engine.ts'
import type { InferHead, ResultHead } from '../runtime/heads.ts'
import type { Cast } from '../tensor/cast.ts'
import { parseExactly } from '../tensor/exact-json.ts'
import { type Digits, LossyNumber } from '../tensor/from-json.ts'
import { chainAnswer, chainOutput, offChainAnswer } from './answer.ts'
import { chainData, readChain } from './chain.ts'
import { type Envelope, Location, readEnvelope } from './envelope.ts'
import { type DecodedRequest, type Profile, readRequest } from './request.ts'

export interface JobOptions {
  readonly profile: Profile
  readonly classicOutput: 'data' | 'witness'
  readonly classicCast: Cast
  readonly chainArray: 'sd59x18' | 'starter'
  readonly starterDecimals: number
  readonly hexPrefix: 'mirror' | '0x' | 'none'
  readonly echoInput: boolean
  /** A request's words for another model to a file. @throws InferError bad_request */
  readonly findModel: (model: Readonly<Record<string, unknown>>) => Promise<string>
  /** From a request's arrival to its answer. */
  readonly timeoutMs: number
}

/** A request that has been understood, and how to word its answer. */
export interface Job {
  readonly request: EngineRequest
  /** Whether the answer is delivered as it grows. */
  readonly stream: boolean
  readonly answer: (reply: EngineReply) => string
}

/**
 * @param body the request; with integers as bigints when `text` is undefined
 * @param text what `JSON.parse` made the body of, to be parsed again without loss where digits matter
 * @throws InferError bad_request with the path and the value
 */
export async function readJob(
  body: unknown,
  text: string | undefined,
  served: Served,
  options: JobOptions,
): Promise<Job> {
  const envelope = readEnvelope(body)
  const destination = envelope.destination ?? Location.OFFCHAIN
  if (envelope.requires_proof && !served.proves)
    throw new InferError('bad_request', `Proofs are not supported for ${served.service}`)
  const hex = chainHex(envelope)
  const stream = destination === Location.STREAM
  if (stream && !served.streams) throw new InferError('bad_request', `Invalid infernet destination: ${destination}`)
  const decoded = decode(envelope, hex?.hex, text, served, options)
  const expiresAtMs = decoded?.model && performance.now() + options.timeoutMs
  const modelPath = decoded?.model && (await within(options.timeoutMs, options.findModel(decoded.model), decoded.model))
  const head = headFor(envelope, decoded, modelPath, served)
  const tensors = served.takes === 'data' ? [] : (decoded?.tensors ?? [])
  const request = { head, tensors, expiresAtMs }
  const prefix = hexPrefix(options.hexPrefix, hex?.prefixed ?? false)
  const echoed = hex && (options.echoInput || (decoded && 'echo' in decoded && decoded.echo)) ? hex.hex : ''
  const answer = (reply: EngineReply): string => {
    const result = reply.head === '' ? {} : (JSON.parse(reply.head) as ResultHead)
    const proof = proofHex(result.proof)
    if (result.json !== undefined) return jsonAnswer(result.json, proof)
    const wording = decoded?.wording ?? { profile: 'classic' }
    if (destination === Location.ONCHAIN) {
      return chainAnswer(chainOutput(wording, reply.tensors, options.starterDecimals), echoed, proof ?? '', prefix)
    }
    return withProof(offChainAnswer(wording, reply.tensors, result), proof)
  }
  return { request, stream, answer }
}

/** A download goes on when its request no longer waits for it. @throws InferError timeout */
async function within(timeoutMs: number, path: Promise<string>, model: Readonly<Record<string, unknown>>) {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const why = `no answer within ${timeoutMs} ms: the model ${show(model)} is still being fetched; try again later`
    timer = setTimeout(() => reject(new InferError('timeout', why)), timeoutMs)
  })
  return Promise.race([path, late]).finally(() => clearTimeout(timer))
}

/** Hex where the source is a chain, an object where it is not. */
function chainHex({ source, data }: Envelope): ReturnType<typeof readHex> | undefined {
  if (source === Location.STREAM) throw new InferError('bad_request', `Invalid infernet source: ${source}`)
  if (source === Location.OFFCHAIN) {
    if (typeof data === 'string')
      throw new InferError('bad_request', 'data is a string; with source 1 (off chain) it must be an object')
    return undefined
  }
  if (typeof data !== 'string')
    throw new InferError('bad_request', 'data is an object; with source 0 (on chain) it must be a hex string')
  return readHex(data)
}

/** Undefined for a workflow that takes the data as it is, off chain. */
function decode(
  envelope: Envelope,
  hex: string | undefined,
  text: string | undefined,
  served: Served,
  options: JobOptions,
): (DecodedRequest & { echo?: boolean }) | undefined {
  const { dialect } = served
  if (hex !== undefined)
    return readChain(hex, { array: options.chainArray, starterDecimals: options.starterDecimals, dialect })
  if (served.takes === 'data') return undefined
  const { profile, classicOutput, classicCast } = options
  const inputNames = served.inputs.map(({ name }) => name)
  const read = (data: unknown, digits: Digits): DecodedRequest =>
    readRequest(data as Record<string, unknown>, { profile, dialect, inputNames, classicOutput, classicCast, digits })
  if (text === undefined) return read(envelope.data, 'exact')
  try {
    return read(envelope.data, 'parsed')
  } catch (error) {
    if (!(error instanceof LossyNumber)) throw error
    return read(losslessData(text), 'exact')
  }
}

function losslessData(text: string): unknown {
  try {
    return (parseExactly(text) as { data: unknown }).data
  } catch (error) {
    throw new InferError('bad_request', `the body cannot be read without losing digits: ${messageOf(error)}`)
  }
}

const PLAIN_HEADS = {
  none: JSON.stringify({ cast: 'none' } satisfies InferHead),
  float: JSON.stringify({ cast: 'float' } satisfies InferHead),
  any: JSON.stringify({ cast: 'any' } satisfies InferHead),
}

function headFor(
  envelope: Envelope,
  decoded: DecodedRequest | undefined,
  modelPath: string | undefined,
  served: Served,
): string {
  const cast = decoded?.cast ?? 'none'
  const prove = envelope.requires_proof === true
  const data = served.takes === 'data' ? (decoded ? chainData(decoded) : envelope.data) : undefined
  const { method, table } = decoded ?? {}
  const plain = data === undefined && modelPath === undefined && method === undefined && !table && !prove
  if (plain) return PLAIN_HEADS[cast]
  const head: InferHead = {
    cast,
    ...(data !== undefined && { data }),
    ...(modelPath !== undefined && { modelPath }),
    ...(method !== undefined && { method }),
    ...(table && { table }),
    ...(prove && { prove }),
  }
  return JSON.stringify(head)
}

const hexPrefix = (rule: JobOptions['hexPrefix'], prefixed: boolean): string =>
  rule === '0x' || (rule === 'mirror' && prefixed) ? '0x' : ''

function proofHex(proof: unknown): string | undefined {
  if (proof === undefined) return undefined
  if (typeof proof === 'string' && /^(0x)?([0-9a-f]{2})*$/i.test(proof)) return proof.replace(/^0x/, '')
  throw new InferError('internal', 'the workflow gave a proof that is no hex string')
}

/** A workflow's own object goes out as it is: it may hold the five keys of a chain answer itself. */
const jsonAnswer = (json: unknown, proof: string | undefined): string =>
  JSON.stringify(proof === undefined ? json : { ...(json as object), proof })

const withProof = (body: string, proof: string | undefined): string =>
  proof === undefined ? body : `${body.slice(0, -1)},"proof":${JSON.stringify(proof)}}`

/** Runs a job that is not a stream. `abandoned` tells whether the caller has gone. */
export async function runJob(job: Job, engine: Engine, abandoned: () => boolean): Promise<string> {
  const { head, tensors, expiresAtMs } = job.request
  return job.answer(await engine.infer({ head, tensors, expiresAtMs, abandoned }))
}
