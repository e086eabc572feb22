/** What is not converted, in sentences that say what to do; and trees that were made to hurt. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { convertTorch, describeTorch } from '../../../src/convert/torch/convert.ts'
import { type PyObject, pyObject, type Value } from '../../../src/formats/values.ts'

const dict = (entries: Readonly<Record<string, Value>>): Map<Value, Value> => new Map(Object.entries(entries))

function module(
  type: string,
  attributes: Readonly<Record<string, Value>> = {},
  children: Readonly<Record<string, Value>> = {},
): PyObject {
  const object = pyObject(type, [])
  object.state = dict({
    training: false,
    _parameters: dict({}),
    _buffers: dict({}),
    _modules: dict(children),
    ...attributes,
  })
  return object
}
const sequential = (...children: readonly Value[]): PyObject =>
  module('torch.nn.modules.container.Sequential', {}, Object.fromEntries(children.entries()))
const relu = module('torch.nn.modules.activation.ReLU')

const refuses = (root: Value, message: RegExp) =>
  assert.throws(() => describeTorch(root), { code: 'bad_model', message })
const convert = (root: Value) => convertTorch(root, { inputs: [{ dtype: 'float32', dims: [null, 4] }], batch: 2 })

describe('refusals', () => {
  test('names all modules that are not converted at once', () =>
    refuses(
      sequential(module('torch.nn.modules.pooling.FractionalMaxPool2d'), relu, module('torch.nn.modules.loss.NLLLoss')),
      /^not supported: torch\.nn\.FractionalMaxPool2d \(0\), torch\.nn\.NLLLoss \(2\)$/,
    ))
  test('says of a quantised model that it is one', () =>
    refuses(
      sequential(module('torch.ao.nn.quantized.Linear')),
      /^the model is quantised, .* in floats; not supported: torch\.ao\.nn\.quantized\.Linear \(0\)$/,
    ))
  test('says what to do about a class of one’s own, deep inside', () =>
    refuses(
      sequential(relu, sequential(module('models.Net'))),
      /^the file has no code for models\.Net \(1\.0\).*torch\.jit\.script.*torch\.export/,
    ))
  test('refuses hooks by name', () => {
    const hook = pyObject('models.MyHook', [])
    const hooked = module('torch.nn.modules.activation.ReLU', {
      _forward_pre_hooks: new Map<Value, Value>([[0n, hook]]),
    })
    assert.throws(() => convert(hooked), { message: /torch\.nn\.ReLU with the hook models\.MyHook is not supported/ })
  })
  test('refuses what holds no module', () => {
    refuses(3n, /^the file holds an int, not a module/)
    refuses(dict({ epoch: 3n, model: dict({}) }), /its keys are epoch, model\. Load it into the model/)
    refuses(dict({ a: relu, b: relu }), /^the file holds 2 modules \(a, b\)/)
    refuses(module('torch.nn.modules.container.ModuleList'), /a torch\.nn\.ModuleList, which has no forward/)
  })
  test('takes the only module of a checkpoint', () =>
    assert.equal(describeTorch(dict({ epoch: 3n, net: relu })).type, 'torch.nn.ReLU'))
  test('names attributes that are of another type than they must be', () => {
    const broken = module('torch.nn.modules.activation.LeakyReLU', { negative_slope: 'steep' })
    assert.throws(() => convert(broken), {
      code: 'bad_model',
      message: 'torch.nn.LeakyReLU.negative_slope is a str, not a number',
    })
  })
})

describe('hostile trees', () => {
  test('modules within modules end', () => {
    let deep: Value = relu
    for (let i = 0; i < 100_000; i++) deep = sequential(deep)
    refuses(deep, /nests more than 256 modules/)
  })
  test('a module within itself ends', () => {
    const loop = sequential(relu)
    ;((loop.state as Map<Value, Value>).get('_modules') as Map<Value, Value>).set('again', loop)
    refuses(loop, /nests more than 256 modules/)
  })
  test('a tree that doubles at each level ends', () => {
    let wide: Value = relu
    for (let i = 0; i < 60; i++) wide = sequential(wide, wide)
    refuses(wide, /more than 100000 modules/)
  })
  test('many layers end', () => {
    const layers = sequential(...Array.from({ length: 60_000 }, () => module('torch.nn.modules.activation.Softplus')))
    assert.throws(() => convert(layers), { code: 'bad_model', message: /more than 50000 nodes/ })
  })
  test('sizes that are not there to be had end', () => {
    const pool = module('torch.nn.modules.pooling.AdaptiveAvgPool2d', { output_size: 2n ** 40n })
    const inputs = [{ dtype: 'float32' as const, dims: [null, 1, 4, 4] }]
    assert.throws(() => convertTorch(pool, { inputs, batch: 1 }), { code: 'bad_model' })
  })
})
