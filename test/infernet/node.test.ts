/**
 * Our container as infernet-node 1.4.0 drives it: its orchestrator (what it posts, what it takes for a result, how it
 * chains) and its on-chain rule (what it delivers), acted out from the contract's sections 6.2, 6.3 and 6.5.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeRitualVector, encodeRitualVector } from '../../src/codecs/ritual-vector.ts'
import { createTensor } from '../../src/tensor/tensor.ts'
import { encodeG3Request } from '../codecs/requests.ts'
import { irisCache } from '../support/iris.ts'
import { withoutShared } from '../support/paths.ts'
import { type Service, startService } from '../support/service.ts'

const ONCHAIN = 0
const OFFCHAIN = 1

type Result = { readonly output: unknown } | { readonly error: string }

/** The orchestrator: JSON of any HTTP status is a result; only transport and content type can fail. */
async function runContainer(
  url: string,
  source: number,
  destination: number,
  data: unknown,
  requiresProof: boolean,
): Promise<Result> {
  const response = await fetch(`${url}/service_output`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: '*/*', 'User-Agent': 'Python/3.11 aiohttp/3.9.4' },
    body: JSON.stringify({ source, destination, data, requires_proof: requiresProof }),
    signal: AbortSignal.timeout(180_000),
  })
  if (!/^application\/(json|[^+;]+\+json)/.test(response.headers.get('content-type') ?? ''))
    return { error: 'ContentTypeError' }
  return { output: JSON.parse(await response.text()) }
}

interface NodeJob {
  readonly containers: readonly Service[]
  readonly source: number
  readonly destination: number
  readonly data: unknown
  readonly requiresProof?: boolean
}

/** Containers in order; the output of one is the data of the next, off chain, verbatim. */
async function runJob({ containers, source, destination, data, requiresProof = false }: NodeJob): Promise<Result> {
  let result: Result = { output: data }
  for (const [index, { url }] of containers.entries()) {
    if ('error' in result) return result
    const last = index === containers.length - 1
    result = await runContainer(
      url,
      index === 0 ? source : OFFCHAIN,
      last ? destination : OFFCHAIN,
      result.output,
      requiresProof,
    )
  }
  return result
}

type Delivery = { readonly rawOutput: string; readonly text?: string } | { readonly failed: string }

/** What the chain processor makes of the last result. */
function deliver(result: Result): Delivery {
  if ('error' in result) return { failed: result.error }
  const output = result.output as Record<string, unknown>
  if (typeof output !== 'object' || output === null || Array.isArray(output))
    throw new TypeError('AttributeError: the pending entry stays blocked')
  if ('code' in output && output.code !== null && output.code !== '200') return { failed: `${output.description}` }
  const keys = ['raw_input', 'processed_input', 'raw_output', 'processed_output', 'proof']
  if (!keys.every((key) => key in output)) return { rawOutput: '', text: JSON.stringify(output) }
  for (const key of keys) fromHex(output[key] as string)
  return { rawOutput: output.raw_output as string }
}

/** Python's bytes.fromhex: no 0x, even length. */
function fromHex(text: string): void {
  if (!/^(\s*[0-9a-fA-F]{2})*\s*$/.test(text))
    throw new Error(`ValueError: non-hexadecimal number in ${text.slice(0, 20)}`)
}

describe('iris.onnx behind the node', { skip: withoutShared }, () => {
  let iris: Service
  before(async () => {
    const { cache } = irisCache()
    iris = await startService({
      ONNX_DEFAULT_MODEL_ID: 'huggingface/Ritual-Net/iris-classification:iris.onnx',
      ONNX_CACHE_DIR: cache,
      HF_HUB_OFFLINE: 'true',
      WORKERS: '2',
    })
  })
  after(() => iris.close())

  /** Section 9.1's checks. */
  const CHECKS = [
    {
      input: [1.0380048, 0.5586108, 1.1037828, 1.712096],
      output: [0.0010151526657864451, 0.014391022734344006, 0.9845937490463257],
    },
    { input: [0, 0, 0, 0], output: [0.13020537793636322, 0.7783672213554382, 0.09142737090587616] },
    {
      input: [-0.17367395, -1.51205, 0.02225, -0.13],
      output: [0.004374937154352665, 0.9761558771133423, 0.019469168037176132],
    },
  ]
  const vector = (values: readonly number[]) => ({ dtype: 1, shape: [1, 4], values })
  const payload = (values: readonly number[]): string =>
    encodeG3Request({
      vector: encodeRitualVector(createTensor('float32', [1, 4], Float32Array.from(values)), {
        arithmetic: 'ieee',
        decimals: 18,
      }),
    })
  const close = (ours: readonly number[], theirs: readonly number[]): void => {
    assert.equal(ours.length, theirs.length)
    for (const [i, value] of ours.entries())
      assert.ok(Math.abs(value - (theirs[i] as number)) < 1e-6, `${value} is not ${theirs[i]}`)
  }
  const delivered = (result: Result): number[] => {
    const delivery = deliver(result)
    assert.ok('rawOutput' in delivery && delivery.text === undefined, JSON.stringify(delivery))
    return Array.from(decodeRitualVector(delivery.rawOutput).data as Float32Array)
  }

  for (const { input, output } of CHECKS) {
    test(`an off-chain job on [${input}]`, async () => {
      const result = await runJob({
        containers: [iris],
        source: OFFCHAIN,
        destination: OFFCHAIN,
        data: { inputs: { input: vector(input) } },
      })
      assert.ok('output' in result)
      close((result.output as { result: { values: number[] }[] }).result[0]?.values ?? [], output)
    })
    test(`an on-chain subscription on [${input}]`, async () => {
      close(
        delivered(await runJob({ containers: [iris], source: ONCHAIN, destination: ONCHAIN, data: payload(input) })),
        output,
      )
    })
    test(`a delegated subscription on [${input}]`, async () => {
      close(
        delivered(
          await runJob({
            containers: [iris],
            source: OFFCHAIN,
            destination: ONCHAIN,
            data: { inputs: { input: vector(input) } },
          }),
        ),
        output,
      )
    })
  }

  test('a job of a client of old, in the classic form', async () => {
    const result = await runJob({
      containers: [iris],
      source: OFFCHAIN,
      destination: OFFCHAIN,
      data: { input: [CHECKS[0]?.input] },
    })
    close(
      ((result as { output: { data: number[][][] } }).output.data[0] as number[][])[0] ?? [],
      CHECKS[0]?.output ?? [],
    )
  })

  test('what cannot be served is a failure to the node, never a delivery', async () => {
    const jobs: NodeJob[] = [
      { containers: [iris], source: ONCHAIN, destination: ONCHAIN, data: '' },
      { containers: [iris], source: ONCHAIN, destination: ONCHAIN, data: 'c0ffee' },
      { containers: [iris], source: OFFCHAIN, destination: ONCHAIN, data: { inputs: { input: vector([1]) } } },
      {
        containers: [iris],
        source: OFFCHAIN,
        destination: ONCHAIN,
        data: { inputs: { input: vector([1, 2, 3, 4]) } },
        requiresProof: true,
      },
      { containers: [iris], source: OFFCHAIN, destination: ONCHAIN, data: {} },
    ]
    for (const job of jobs) assert.ok('failed' in deliver(await runJob(job)), JSON.stringify(job.data))
  })

  test('an error of the first container does not become an answer of the second', async () => {
    const result = await runJob({
      containers: [iris, iris],
      source: OFFCHAIN,
      destination: ONCHAIN,
      data: { nothing: 1 },
    })
    assert.ok('failed' in deliver(result))
  })

  test('every job comes on its own connection, 200 at a time', async () => {
    const headers = { 'Content-Type': 'application/json', Connection: 'close' }
    const body = {
      source: OFFCHAIN,
      destination: ONCHAIN,
      data: { inputs: { input: vector(CHECKS[0]?.input ?? []) } },
      requires_proof: false,
    }
    const answers = await Promise.all(Array.from({ length: 200 }, () => iris.post(body, headers)))
    for (const answer of answers) close(delivered({ output: answer.body }), CHECKS[0]?.output ?? [])
  })
})
