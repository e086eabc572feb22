import type { Datum } from '../aten/args.ts'
import { knownSize } from '../aten/size.ts'
import { SymTensor } from '../aten/symbolic.ts'
import { toDatum } from './datum.ts'
import type { Machine } from './machine.ts'
import { callOperator } from './operator-call.ts'
import { type Call, type Kwargs, type Py, PyList, PyTuple } from './value.ts'

/** Functions of torch.nn.functional whose parameters are not those of the operator: a row each. */

/** Arguments by the names of a signature; what is not given is `undefined`. */
function named(m: Machine, what: string, signature: string, args: readonly Py[], kwargs: Kwargs): Map<string, Py> {
  const names = signature.split(' ')
  const given = new Map<string, Py>(kwargs)
  args.forEach((arg, i) => {
    const name = names[i]
    if (name === undefined) throw m.error(`${what} takes ${names.length} arguments`)
    given.set(name, arg)
  })
  return given
}

/** The operator's arguments, of the function's. */
const as =
  (operator: string, signature: string, order: string, byDefault: Readonly<Record<string, Py>> = {}): Call =>
  (m, args, kwargs) => {
    const given = named(m, operator, signature, args, kwargs)
    const list = order.split(' ').map((name) => (given.has(name) ? (given.get(name) as Py) : (byDefault[name] ?? null)))
    return callOperator(m, operator, list, NONE)
  }
const NONE: Kwargs = new Map()

const dropout = as('dropout', 'input p training inplace', 'input p training', { p: 0.5, training: true })

/** What changes its input in place where it is told to: `inplace` comes last. */
const activation =
  (operator: string): Call =>
  (m, args, kwargs) => {
    const inPlace = args.length > 1 && typeof args.at(-1) === 'boolean' ? args.at(-1) : kwargs.get('inplace')
    const rest = args.length > 1 && typeof args.at(-1) === 'boolean' ? args.slice(0, -1) : args
    const left = new Map([...kwargs].filter(([name]) => name !== 'inplace'))
    return callOperator(m, inPlace === true ? `${operator}_` : operator, rest, left)
  }

/** Along which axis where none is said (`_get_softmax_dim`). */
const softmax =
  (operator: string): Call =>
  (m, args, kwargs) => {
    const given = named(m, operator, 'input dim _stacklevel dtype', args, kwargs)
    const x = given.get('input')
    if (!(x instanceof SymTensor)) throw m.error(`${operator} wants a tensor`)
    const dim = given.get('dim') ?? (x.rank === 0 || x.rank === 1 || x.rank === 3 ? 0n : 1n)
    return callOperator(m, operator, operator === 'softmin' ? [x, dim] : [x, dim, given.get('dtype') ?? null], NONE)
  }

/** The places of the biggest only where they are asked for. */
const adaptiveMax =
  (rank: number): Call =>
  (m, args, kwargs) => {
    const given = named(m, 'adaptive_max_pool', 'input output_size return_indices', args, kwargs)
    const made = callOperator(
      m,
      `adaptive_max_pool${rank}d`,
      [given.get('input') ?? null, given.get('output_size') ?? null],
      NONE,
    )
    return given.get('return_indices') === true || !(made instanceof PyTuple) ? made : (made.items[0] as Py)
  }

const maxPool =
  (rank: number): Call =>
  (m, args, kwargs) => {
    const given = named(
      m,
      'max_pool',
      'input kernel_size stride padding dilation ceil_mode return_indices',
      args,
      kwargs,
    )
    const list = [
      given.get('input') ?? null,
      given.get('kernel_size') ?? null,
      given.get('stride') ?? given.get('kernel_size') ?? null,
      given.get('padding') ?? 0n,
      given.get('dilation') ?? 1n,
      given.get('ceil_mode') ?? false,
    ]
    return callOperator(
      m,
      given.get('return_indices') === true ? `max_pool${rank}d_with_indices` : `max_pool${rank}d`,
      list,
      NONE,
    )
  }

/** Of a matrix of places each row is a bag. */
const embeddingBag: Call = (m, args, kwargs) => {
  const names =
    'input weight offsets max_norm norm_type scale_grad_by_freq mode sparse per_sample_weights include_last_offset padding_idx'
  const given = named(m, 'embedding_bag', names, args, kwargs)
  const of = (name: string): Py => given.get(name) ?? null
  let [input, offsets, weights] = [of('input'), of('offsets'), of('per_sample_weights')]
  if (input instanceof SymTensor && input.rank === 2) {
    const [rows, length] = m.t.call('size', [input]) as [bigint, bigint]
    offsets = m.t.op('mul', [m.t.op('arange', [rows]), length])
    input = m.t.op('reshape', [input, [-1n]])
    weights = weights instanceof SymTensor ? m.t.op('reshape', [weights, [-1n]]) : null
  }
  const mode = BigInt(['sum', 'mean', 'max'].indexOf(String(given.get('mode') ?? 'mean')))
  if (of('max_norm') !== null) throw m.error('embedding_bag with max_norm is not supported')
  const last = [of('include_last_offset') ?? false, of('padding_idx')]
  const made = callOperator(
    m,
    'embedding_bag',
    [of('weight'), input, offsets, false, mode, false, weights, ...last],
    NONE,
  )
  return made instanceof PyTuple ? (made.items[0] as Py) : made
}

/** Sizes come from the window where none are said (`_unpool_output_size`). */
const maxUnpool =
  (rank: number): Call =>
  (m, args, kwargs) => {
    const given = named(m, 'max_unpool', 'input indices kernel_size stride padding output_size', args, kwargs)
    const x = given.get('input')
    if (!(x instanceof SymTensor)) throw m.error('max_unpool wants a tensor')
    const list = (name: string, otherwise: Py): number[] => {
      const value = toDatum(m, given.get(name) ?? otherwise)
      return (Array.isArray(value) ? value : new Array(rank).fill(value)).map(Number)
    }
    const kernel = list('kernel_size', null)
    const [stride, padding] = [list('stride', given.get('kernel_size') ?? null), list('padding', 0n)]
    const sizes = x.dims.slice(-rank).map((dim, i) => {
      const steps = (knownSize(dim, 'max_unpool') - 1) * (stride[i] as number)
      return BigInt(steps + (kernel[i] as number) - 2 * (padding[i] as number))
    })
    const wanted = given.get('output_size') ?? null
    const out = wanted === null ? new PyList(sizes) : wanted
    if (rank > 1) return callOperator(m, `max_unpool${rank}d`, [x, given.get('indices') ?? null, out], NONE)
    const flat = [x, given.get('indices') ?? null].map((item) => m.t.op('unsqueeze', [toDatum(m, item), -1n]))
    const last = (toDatum(m, out) as readonly Datum[]).at(-1) as Datum
    return m.t.op('squeeze', [m.t.op('max_unpool2d', [...flat, [last, 1n]]), -1n])
  }

/** What interpolate replaced. */
const upsampled =
  (mode: string, corners: Py): Call =>
  (m, args, kwargs) => {
    const given = named(m, 'upsample', 'input size scale_factor', args, kwargs)
    const list = ['input', 'size', 'scale_factor'].map((name) => given.get(name) ?? null)
    return callOperator(m, 'interpolate', [...list, mode, corners], NONE)
  }

const ACTIVATIONS = 'celu elu hardsigmoid hardswish hardtanh leaky_relu mish relu relu6 selu silu threshold'.split(' ')

// biome-ignore format: one row per function
export const FUNCTIONAL: ReadonlyMap<string, Call> = new Map<string, Call>([
  ...ACTIVATIONS.map((name): [string, Call] => [name, activation(name)]),
  ['adaptive_max_pool1d', adaptiveMax(1)],
  ['adaptive_max_pool2d', adaptiveMax(2)],
  ['adaptive_max_pool3d', adaptiveMax(3)],
  ['alpha_dropout', as('dropout', 'input p training inplace', 'input p training', { p: 0.5, training: false })],
  ['batch_norm', as('batch_norm', 'input running_mean running_var weight bias training momentum eps', 'input weight bias running_mean running_var training momentum eps cudnn', { training: false, momentum: 0.1, eps: 1e-5, cudnn: true })],
  ['dropout', dropout],
  ['dropout1d', dropout],
  ['dropout2d', dropout],
  ['dropout3d', dropout],
  ['embedding_bag', embeddingBag],
  ['embedding', as('embedding', 'input weight padding_idx max_norm norm_type scale_grad_by_freq sparse', 'weight input')],
  ['fold', as('col2im', 'input output_size kernel_size dilation padding stride', 'input output_size kernel_size dilation padding stride', { dilation: 1n, padding: 0n, stride: 1n })],
  ['instance_norm', as('instance_norm', 'input running_mean running_var weight bias use_input_stats momentum eps', 'input weight bias running_mean running_var use_input_stats momentum eps', { use_input_stats: true, momentum: 0.1, eps: 1e-5 })],
  ['log_softmax', softmax('log_softmax')],
  ['max_pool1d', maxPool(1)],
  ['max_pool2d', maxPool(2)],
  ['max_pool3d', maxPool(3)],
  ['max_unpool1d', maxUnpool(1)],
  ['max_unpool2d', maxUnpool(2)],
  ['max_unpool3d', maxUnpool(3)],
  ['rrelu', as('rrelu', 'input lower upper training inplace', 'input lower upper training', { lower: 0.125, upper: 1 / 3, training: false })],
  ['softmax', softmax('softmax')],
  ['softmin', softmax('softmin')],
  ['unfold', as('im2col', 'input kernel_size dilation padding stride', 'input kernel_size dilation padding stride', { dilation: 1n, padding: 0n, stride: 1n })],
  ['upsample_bilinear', upsampled('bilinear', true)],
  ['upsample_nearest', upsampled('nearest', null)],
  ['upsample', (m, args, kwargs) => callOperator(m, 'interpolate', args, kwargs)],
])
