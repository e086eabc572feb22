import { dirname } from 'node:path'
import { WrongDType } from '../convert/aten/linear.ts'
import { SymSize } from '../convert/aten/size.ts'
import type { InputSignature } from '../convert/torch/convert.ts'
import { checkRefusal, modelOfConversion } from '../convert/torch/refusal.ts'
import { InferError } from '../errors.ts'
import { openSession, type Session } from '../runtime/session.ts'
import { type Cast, castTensor, mayCast } from '../tensor/cast.ts'
import type { DType } from '../tensor/dtype.ts'
import { createTensor, type NamedTensor, sizeOf, type Tensor } from '../tensor/tensor.ts'
import type { Model } from './model.ts'
import { PlanCache } from './plan-cache.ts'
import { readTorchSource, type TorchFormat, type TorchSource } from './torch-source.ts'

/**
 * A file of torch.save. torch is polymorphic, so what runs is made for the dtypes and sizes of a request, the batch
 * left open where nothing depends on it: once for each signature, kept in memory and on disk.
 */
export interface TorchOptions {
  /** Where plans are kept between starts; not at all where it is not given. */
  readonly cacheFolder?: string
  readonly cacheBytes?: number
  /** Folders with the Python of people's own classes; the file's own folder comes last. */
  readonly classPath?: readonly string[]
}

export interface TorchModel extends Model {
  /** The class of the module, by its public name. */
  readonly type: string
  /** What may be asked for by `method`: `forward` first. */
  readonly methods: readonly string[]
  run(
    inputs: readonly NamedTensor[],
    options?: { readonly cast?: Cast; readonly method?: string },
  ): Promise<NamedTensor[]>
}

const CACHE_BYTES = 4 * 1024 ** 3
/** Signatures at once: Ritual's services keep 64 models. */
const MAX_PLANS = 64
/** Each plan holds the weights once more. */
const MAX_PLAN_BYTES = 2 * 1024 ** 3

/** What is known of a signature's plan beside its graph: JSON, as it is kept on disk. */
interface PlanHead {
  /** Whether this graph is for batches of any length; where not, plans are made for each length. */
  readonly symbolic: boolean
  /** float64 keeps its arithmetic as it was written. */
  readonly optimization: 'basic' | 'all'
  readonly inputs: readonly string[]
  /** Sizes as [factor, offset] of the batch. */
  /** What the code may raise, as one output more says. */
  readonly refusals: readonly string[]
  readonly outputs: readonly {
    readonly name: string
    readonly dtype: DType
    readonly dims: readonly (readonly [number, number])[]
  }[]
}

interface Plan {
  readonly head: PlanHead
  readonly session: Session | undefined
  readonly bytes: number
}

/** @throws InferError bad_model that names what of the file is not converted, and what to do */
export function openTorch(
  path: string,
  bytes: Uint8Array,
  options: TorchOptions = {},
  format: TorchFormat = 'torch',
): TorchModel {
  const source = named(path, () => readTorchSource(bytes, format, [...(options.classPath ?? []), dirname(path)]))
  const { type, methods, dtype } = source
  const plans = new Plans(source, options)
  return {
    path,
    bytes: bytes.length,
    type,
    methods,
    inputs: [{ name: 'input', dtype: dtype ?? null, dims: null }],
    outputs: ['output'],
    classes: new Map(),
    run: (inputs, { cast = 'none', method = 'forward' } = {}) => {
      if (!methods.includes(method))
        throw new InferError('bad_request', `the model has no method ${method}; it has ${methods.join(', ')}`)
      return runTorch(plans, inputs, method, cast)
    },
    close: () => plans.close(),
  }
}

function named<T>(path: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof InferError
      ? new InferError(error.code, `${path}: ${error.message}`, { cause: error })
      : error
  }
}

/** @throws InferError bad_request for inputs that the model does not take */
async function runTorch(
  plans: Plans,
  given: readonly NamedTensor[],
  method: string,
  cast: Cast,
): Promise<NamedTensor[]> {
  try {
    return await runAs(plans, given, method)
  } catch (error) {
    if (!(error instanceof WrongDType) || cast === 'none') throw error
    const { wanted } = error
    const retyped = given.map((tensor) =>
      mayCast(tensor.dtype, wanted, cast) ? { ...castTensor(tensor, wanted, tensor.name), name: tensor.name } : tensor,
    )
    return runAs(plans, retyped, method)
  }
}

async function runAs(plans: Plans, inputs: readonly NamedTensor[], method: string): Promise<NamedTensor[]> {
  const batch = inputs[0]?.dims[0] ?? 1
  const signature = inputs.map(
    ({ dtype, dims }): InputSignature => ({
      dtype,
      dims: dims.map((dim, i) => (i === 0 && dim === batch ? null : dim)),
    }),
  )
  const names = inputs.map(({ name }) => name)
  const asked: Asked = { signature, method, batch, ...(names.every((name) => name !== '') && { names }) }
  if (inputs.some(({ dims }) => dims.includes(0)))
    return emptyOutputs(await plans.headFor({ ...asked, batch: Math.max(batch, 1) }), batch, inputs)
  const { head, session } = await plans.planFor(asked)
  const feeds = inputs.map((tensor) =>
    tensor.dtype === 'bfloat16' ? { ...tensor, dtype: 'float32' as const } : tensor,
  )
  const made = await (session as Session).run(head.inputs, feeds)
  checkRefusal(head.refusals, made)
  return head.outputs.map(({ name, dtype }, i) => ({ ...(made[i] as Tensor), name, dtype }))
}

/** Nothing in, nothing out, where the sizes say so: ONNX Runtime does not survive empty tensors everywhere. */
function emptyOutputs(
  { outputs, symbolic, refusals }: PlanHead,
  batch: number,
  inputs: readonly Tensor[],
): NamedTensor[] {
  const made = outputs.map(({ name, dtype, dims }) => ({
    name,
    dtype,
    dims: dims.map(([factor, offset]) => factor * batch + offset),
  }))
  if (!symbolic || batch !== 0 || refusals.length > 0 || made.some(({ dims }) => sizeOf(dims) !== 0))
    throw new InferError(
      'bad_request',
      `the model is given an empty tensor: [${inputs.map(({ dims }) => dims.join(', ')).join('], [')}]`,
    )
  return made.map(({ name, dtype, dims }) => ({ ...createTensor(dtype, dims), name }))
}

/** What a plan is for. */
interface Asked {
  readonly signature: readonly InputSignature[]
  readonly method: string
  readonly batch: number
  /** The parameters that the inputs are for, where all are named. */
  readonly names?: readonly string[]
}

/** The plans of one file, by signature: made once, the least recently used closed. */
class Plans {
  readonly #source: TorchSource
  readonly #cache: PlanCache | undefined
  readonly #plans = new Map<string, Promise<Plan>>()
  /** Signatures in which something depends on the length of the batch. */
  readonly #fixed = new Set<string>()
  #bytes = 0

  constructor(source: TorchSource, { cacheFolder, cacheBytes = CACHE_BYTES }: TorchOptions) {
    this.#source = source
    this.#cache = cacheFolder === undefined ? undefined : new PlanCache(cacheFolder, cacheBytes)
  }

  /** The plan for any batch where there is one, else for this. */
  async planFor(asked: Asked): Promise<Plan> {
    const { signature, batch } = asked
    const open = keyOf(asked)
    if (!this.#fixed.has(open)) {
      const plan = await this.#plan(open, asked)
      if (plan.head.symbolic) return plan
      this.#fixed.add(open)
    }
    const closed = signature.map(({ dtype, dims }) => ({ dtype, dims: dims.map((dim) => dim ?? batch) }))
    return this.#plan(keyOf({ ...asked, signature: closed }), { ...asked, signature: closed })
  }

  async headFor(asked: Asked): Promise<PlanHead> {
    return (await this.planFor(asked)).head
  }

  async close(): Promise<void> {
    const plans = [...this.#plans.values()]
    this.#plans.clear()
    for (const plan of plans) await (await plan.catch(() => undefined))?.session?.close()
  }

  #plan(key: string, asked: Asked): Promise<Plan> {
    const known = this.#plans.get(key)
    if (known) {
      this.#plans.delete(key)
      this.#plans.set(key, known)
      return known
    }
    const making = this.#make(key, asked)
    this.#plans.set(key, making)
    making.then(
      (plan) => {
        this.#bytes += plan.bytes
        this.#trim(key)
      },
      () => this.#plans.delete(key),
    )
    return making
  }

  /** Closes the least recently used; a session that runs is closed after it. */
  #trim(latest: string): void {
    for (const [key, plan] of this.#plans) {
      if (this.#plans.size <= MAX_PLANS && this.#bytes <= MAX_PLAN_BYTES) return
      if (key === latest) continue
      this.#plans.delete(key)
      void plan.then(({ session, bytes }) => {
        this.#bytes -= bytes
        return session?.close()
      })
    }
  }

  async #make(key: string, asked: Asked): Promise<Plan> {
    const name = PlanCache.nameOf(this.#source.hash, key)
    const stored = await this.#cache?.read(name)
    const { head, model } = stored ? { head: stored.header as PlanHead, model: stored.model } : this.#convert(asked)
    const session = model.length > 0 ? await openSession(model, head) : undefined
    if (!stored) await this.#cache?.write(name, { header: head, model })
    return { head, session, bytes: model.length }
  }

  /** An open signature that depends on its batch has a head only. */
  #convert({ signature, method, batch, names }: Asked): { head: PlanHead; model: Uint8Array } {
    const conversion = this.#source.convert({ inputs: signature, method, batch, ...(names && { names }) })
    const { graph, outputs, symbolic, refusal } = conversion
    const isOpen = signature.some(({ dims }) => dims.includes(null))
    const isDouble = [
      ...graph.inputs.map(({ value }) => value.dtype),
      ...[...graph.constants.keys()].map(({ dtype }) => dtype),
    ].includes('float64')
    const head: PlanHead = {
      symbolic: symbolic || !isOpen,
      optimization: isDouble ? 'basic' : 'all',
      inputs: graph.inputs.map(({ name }) => name),
      refusals: refusal?.sentences ?? [],
      outputs: outputs.map(({ name, dtype, dims }) => ({
        name,
        dtype,
        dims: dims.map((dim) => (dim instanceof SymSize ? [dim.factor, dim.offset] : [0, dim])),
      })),
    }
    return { head, model: head.symbolic ? modelOfConversion(conversion) : new Uint8Array(0) }
  }
}

const keyOf = ({ signature, method, names = [] }: Asked): string =>
  [
    method,
    ...names,
    ...signature.map(({ dtype, dims }) => `${dtype}[${dims.map((dim) => dim ?? 'batch').join(',')}]`),
  ].join(' ')
