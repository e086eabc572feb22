/**
 * Each step of a request by itself, in one process and in a tight loop: which to look at next. In the server the same
 * steps cost 2 to 5 times as much (cold caches, collection of what they leave behind), so a gain is only one when
 * `bench.ts` shows it. Runs the built files: tsx would slow closures.
 *
 *   node --import tsx test/bench/layers.ts [--main FILE]
 */
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { table } from './report.ts'
import { documented, manyRows } from './requests.ts'
import { shuffled, summarize } from './stats.ts'

export interface Layer {
  readonly step: string
  /** Microseconds, by the size of the request. */
  readonly micros: Readonly<Record<string, number>>
}

const DEFAULT_MODEL = fileURLToPath(new URL('../../workflows/default/model.onnx', import.meta.url))
const OPTIONS = {
  profile: 'auto',
  dialect: 'torch',
  inputNames: [],
  classicOutput: 'data',
  classicCast: 'none',
  digits: 'parsed',
} as const
const JOB = {
  profile: 'auto',
  classicOutput: 'data',
  classicCast: 'none',
  chainArray: 'sd59x18',
  starterDecimals: 6,
  hexPrefix: 'mirror',
  echoInput: false,
  timeoutMs: 150_000,
  findModel: () => Promise.reject(new Error('no request here names a model')),
} as const
const SERVED = {
  workflow: 'bench',
  message: '',
  service: '',
  dialect: 'torch',
  takes: 'tensors',
  streams: false,
  proves: false,
  inputs: [],
  outputs: [],
  methods: [],
} as const

type Step = () => unknown

/** @param batches how often each step is measured, for about 4 ms each time */
export async function measureLayers(main: string, batches: number): Promise<Layer[]> {
  const posted = [documented(), manyRows(64)]
  const sizes: string[] = []
  const micros = new Map<string, Record<string, number>>()
  for (const { name, body } of posted) {
    sizes.push(name)
    const steps = Object.entries(await stepsFor(main, body))
    for (const [step, value] of await measure(steps, batches)) {
      micros.set(step, { ...micros.get(step), [name]: value })
    }
  }
  return [...micros].map(([step, figures]) => ({ step, micros: figures }))
}

/** The steps of one request in order, each with what the one before it gave. */
async function stepsFor(main: string, body: string): Promise<Record<string, Step>> {
  const load = (module: string): Promise<unknown> => import(pathToFileURL(resolve(dirname(main), module)).href)
  const { readEnvelope } = (await load('infernet/envelope.js')) as typeof import('../../src/infernet/envelope.ts')
  const { readRequest } = (await load('infernet/request.js')) as typeof import('../../src/infernet/request.ts')
  const { readJob } = (await load('infernet/job.js')) as typeof import('../../src/infernet/job.ts')
  const { encodeFrame, FrameReader } = (await load('runtime/frames.js')) as typeof import('../../src/runtime/frames.ts')
  const { openModel } = (await load('models/open.js')) as typeof import('../../src/models/open.ts')

  const bytes = Buffer.from(body)
  const parsed = JSON.parse(body) as { data: Record<string, unknown> }
  const { tensors } = readRequest(parsed.data, OPTIONS)
  const job = await readJob(parsed, body, SERVED, JOB)
  const question = encodeFrame({ id: 1, kind: 'infer', ...job.request })
  const model = await openModel(DEFAULT_MODEL)
  const outputs = await model.run(tensors)
  const answer = encodeFrame({ id: 1, kind: 'result', head: '', tensors: outputs })
  const reader = new FrameReader()
  return {
    'body to text': () => bytes.toString(),
    'JSON.parse': () => JSON.parse(body),
    'readEnvelope (zod)': () => readEnvelope(parsed),
    'readRequest (check and flatten)': () => readRequest(parsed.data, OPTIONS),
    'readJob (both of these, and the rest)': () => readJob(parsed, body, SERVED, JOB),
    'encodeFrame of the request': () => encodeFrame({ id: 1, kind: 'infer', ...job.request }),
    'decode it': () => reader.read(question),
    'fit and run the model': () => model.run(tensors),
    'encodeFrame of the answer': () => encodeFrame({ id: 1, kind: 'result', head: '', tensors: outputs }),
    'decode that': () => reader.read(answer),
    'answer to JSON text': () => job.answer({ head: '', tensors: outputs }),
  }
}

const BATCH_MS = 4

/** Medians of batches, the steps interleaved. */
async function measure(steps: readonly (readonly [string, Step])[], batches: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const [name, step] of steps) {
    await time(step, 200)
    counts.set(name, Math.max(1, Math.round((BATCH_MS * 1000) / (await time(step, 50)))))
  }
  const taken = new Map<string, number[]>(steps.map(([name]) => [name, []]))
  for (let batch = 0; batch < batches; batch++) {
    for (const [name, step] of shuffled(steps)) taken.get(name)?.push(await time(step, counts.get(name) as number))
  }
  return new Map([...taken].map(([name, values]) => [name, summarize(values).median]))
}

/** Microseconds a call. */
async function time(step: Step, count: number): Promise<number> {
  const startedAt = performance.now()
  for (let i = 0; i < count; i++) {
    const result = step()
    if (result instanceof Promise) await result
  }
  return ((performance.now() - startedAt) * 1000) / count
}

export function layersText(layers: readonly Layer[]): string {
  const sizes = Object.keys(layers[0]?.micros ?? {})
  const rows = layers.map(({ step, micros }) => [step, ...sizes.map((size) => (micros[size] ?? Number.NaN).toFixed(2))])
  const title = 'micro: one step in a tight loop, us a call; in the server each costs 2 to 5 times as much'
  return `${title}\n${table([['', ...sizes], ...rows])}`
}

async function alone(): Promise<void> {
  const { values } = parseArgs({ options: { main: { type: 'string', default: 'dist/src/main.js' } } })
  process.stdout.write(`${layersText(await measureLayers(resolve(values.main), 30))}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await alone()
