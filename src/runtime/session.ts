/**
 * The only place that knows ONNX Runtime. `run` and `create` block the event loop behind a promise (the package wraps
 * a synchronous native call in one `setImmediate`), and a hung or crashing graph can only be ended by killing the
 * process: so this is loaded in the inference child alone.
 */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { InferError, messageOf } from '../errors.ts'
import { DTYPE_NAMES, type DType } from '../tensor/dtype.ts'
import type { NamedTensor, Tensor } from '../tensor/tensor.ts'

/**
 * Node 24 has a Float16Array, which onnxruntime-common then insists on and the native half does not understand ("not
 * enough space"). It looks once, at the first tensor: so that one is made while there is none to see.
 */
function makeHalfsBits(): void {
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array')
  if (!kept) return
  Reflect.deleteProperty(globalThis, 'Float16Array')
  new OrtTensor('uint8', Uint8Array.of(0), [1])
  Object.defineProperty(globalThis, 'Float16Array', kept)
}
makeHalfsBits()

export interface SessionOptions {
  /**
   * `basic` keeps the arithmetic of the graph as written, which float64 graphs are served for; `all` also fuses for
   * speed (1.3-1.6x on a small CNN) and may change the last digits.
   */
  readonly optimization: 'basic' | 'all'
}

/** A graph ready to run. Runs of one session are queued: at most one is in flight. */
export class Session {
  readonly #session: InferenceSession
  #last: Promise<unknown> = Promise.resolve()

  constructor(session: InferenceSession) {
    this.#session = session
  }

  /**
   * Runs the graph on inputs that already have its dtypes and dimensions (a failing run leaks native memory).
   * @throws InferError bad_request with ONNX Runtime's reason
   */
  async run(names: readonly string[], inputs: readonly Tensor[]): Promise<NamedTensor[]> {
    const turn = this.#last.then(() => this.#run(names, inputs))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #run(names: readonly string[], inputs: readonly Tensor[]): Promise<NamedTensor[]> {
    const feeds: Record<string, OrtTensor> = {}
    for (let i = 0; i < names.length; i++) feeds[names[i] as string] = toOrt(inputs[i] as Tensor)
    let results: Awaited<ReturnType<InferenceSession['run']>>
    try {
      results = await this.#session.run(feeds)
    } catch (error) {
      throw new InferError('bad_request', `the model refused the input: ${reasonOf(error)}`)
    }
    return this.#session.outputNames.map((name) => fromOrt(name, results[name] as OrtTensor))
  }

  async close(): Promise<void> {
    await this.#last
    await this.#session.release()
  }
}

/**
 * A session over a file, or over the bytes of a model without external data.
 * @throws InferError bad_model with ONNX Runtime's reason
 */
export async function openSession(model: string | Uint8Array, options: SessionOptions): Promise<Session> {
  const settings: InferenceSession.SessionOptions = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimization,
    logSeverityLevel: 3,
  }
  try {
    const session =
      typeof model === 'string' ? InferenceSession.create(model, settings) : InferenceSession.create(model, settings)
    return new Session(await session)
  } catch (error) {
    throw new InferError('bad_model', `ONNX Runtime cannot load the model: ${reasonOf(error)}`)
  }
}

/** ONNX Runtime's message without the source file and line that it begins with. */
const reasonOf = (error: unknown): string =>
  messageOf(error)
    .replace(/^.*?\.(?:cc|h):\d+ [^\n]*?(?=[A-Z])/s, '')
    .split('\n')[0]
    ?.slice(0, 300) ?? ''

function toOrt(tensor: Tensor): OrtTensor {
  const { dtype, data, dims } = tensor
  if (!ORT_TYPES.has(dtype)) throw new InferError('bad_request', `ONNX Runtime has no ${dtype} tensors in Node`)
  return new OrtTensor(dtype as 'float32', data as Float32Array, dims)
}

const ORT_TYPES: ReadonlySet<DType> = new Set(
  DTYPE_NAMES.filter((dtype) => !['bfloat16', 'complex64', 'complex128'].includes(dtype)),
)

function fromOrt(name: string, tensor: OrtTensor): NamedTensor {
  const dtype = tensor.type as DType
  if (!ORT_TYPES.has(dtype))
    throw new InferError('bad_model', `the output '${name}' is ${tensor.type}, which is not served`)
  return { name, dtype, dims: tensor.dims, data: tensor.data as Float32Array }
}
