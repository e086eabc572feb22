/** Methods, parameters by name, the class path, and the sentences of what is refused. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { convertScript, describeScript } from '../../../src/convert/script/convert.ts'
import { classProgramOf, needsCode, type Program, programOf } from '../../../src/convert/script/program.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { pyObject } from '../../../src/formats/values.ts'
import { createTensor, valueAt } from '../../../src/tensor/tensor.ts'
import { FIXTURES } from '../../support/paths.ts'
import { optionsFor, run, runConverted } from './harness.ts'

const FOLDER = `${FIXTURES}script/2.8.0/`
const CLASSES = readFileSync(`${FIXTURES}make/script_models.py`, 'utf8')

function opened(name: string, find = (module: string) => (module === 'script_models' ? CLASSES : undefined)): Program {
  const file = readTorch(readFileSync(FOLDER + name))
  return file.format === 'torch' ? classProgramOf(file, find) : programOf(file)
}

/** A module of a class on the class path, without weights. */
const made = (files: Readonly<Record<string, string>>, type: string): Program => {
  const state = new Map([
    ['_modules', new Map()],
    ['_parameters', new Map()],
    ['_buffers', new Map()],
  ])
  const sources = new Map(Object.entries(files))
  return { value: { ...pyObject(type, []), state }, constants: [], find: (module) => sources.get(module) }
}

const X = createTensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4))
const numbers = async (program: Program): Promise<number[]> => {
  const { outputs } = await run(program, [X])
  const [y] = outputs
  return y ? Array.from({ length: y.data.length }, (_, i) => Number(valueAt(y, i))) : []
}

describe('what a program is', () => {
  test('its methods', () => {
    const { methods, dtype } = describeScript(opened('methods.script.pt'))
    assert.deepEqual(methods, ['forward', 'decision_function', 'predict', 'predict_proba'])
    assert.equal(dtype, 'float32')
  })
  test('whether it needs code', () => {
    const file = readTorch(readFileSync(`${FOLDER}views.torch`))
    assert.equal(needsCode(file.value), true)
  })
})

describe('inputs by name', () => {
  const x = createTensor(
    'float32',
    [3, 4],
    Float32Array.from({ length: 12 }, (_, i) => i / 7),
  )
  const y = createTensor(
    'float32',
    [3, 3],
    Float32Array.from({ length: 9 }, (_, i) => -i / 5),
  )
  for (const name of ['dicts.script.pt', 'dicts.torch'])
    test(`${name}: in any order`, async () => {
      const inOrder = await run(opened(name), [x, y])
      const byName = await run(opened(name), [y, x], { names: ['y', 'x'] })
      assert.deepEqual(byName.outputs, inOrder.outputs)
      assert.deepEqual(byName.names, ['logits', 'probs'])
    })
  for (const [file, names, message] of [
    ['dicts.script.pt', ['x', 'z'], 'forward takes x, y, scale (optional), and is given "x", "z"'],
    ['dicts.torch', ['y'], 'forward takes x, y, scale (optional), and is given "y"'],
    ['dicts.script.pt', ['x', 'x'], 'forward takes x, y, scale (optional), and is given "x", "x"'],
  ] as const)
    test(`${file} is not given ${names}`, () =>
      assert.throws(() => convertScript(opened(file), { ...optionsFor([x, y].slice(0, names.length)), names }), {
        code: 'bad_request',
        message,
      }))
  test('an export takes all of its inputs, in any order', async () => {
    const file = readTorchExport(readFileSync(`${FOLDER}dicts.pt2`))
    const inOrder = await runConverted(convertExported(file, optionsFor([x, y])), [x, y])
    const byName = await runConverted(convertExported(file, { ...optionsFor([y, x]), names: ['y', 'x'] }), [y, x])
    assert.deepEqual(byName.outputs, inOrder.outputs)
    assert.throws(() => convertExported(file, optionsFor([x])), {
      code: 'bad_request',
      message: 'forward takes x, y, and is given 1 input',
    })
  })
  test('an export is of its sizes', () =>
    assert.throws(
      () => convertExported(readTorchExport(readFileSync(`${FOLDER}double.pt2`)), optionsFor([{ ...x, dims: [4, 3] }])),
      /was exported for x of \[3, 4\], and is given/,
    ))
})

describe('the class path', () => {
  test('packages, relative imports, constants and stars', async () => {
    const files = {
      'net.model':
        'import torch\nfrom torch import nn\nfrom .parts.math_ops import *\nfrom . import config as cfg\n\nclass M(nn.Module):\n    def forward(self, x):\n        return double(x) + cfg.OFFSET\n',
      'net.parts.math_ops': 'from ..config import FACTOR\n\ndef double(x):\n    return x * FACTOR\n',
      'net.config': 'FACTOR = 2\nOFFSET = FACTOR ** 3\n',
    }
    assert.deepEqual(await numbers(made(files, 'net.model.M')), [10, 12, 14, 16])
  })
  test('inheritance from another file', async () => {
    const files = {
      base: 'import torch.nn as nn\n\nclass Base(nn.Module):\n    shift = 1\n    def forward(self, x):\n        return self.step(x) + self.shift\n    def step(self, x):\n        return x\n',
      net: 'from base import Base\n\nclass M(Base):\n    shift = 5\n    def step(self, x):\n        return super().step(x) * 10\n',
    }
    assert.deepEqual(await numbers(made(files, 'net.M')), [15, 25, 35, 45])
  })
  test('a function that is asked what it is', async () => {
    const log =
      "import torch\nfrom types import FunctionType\ndef log(obj):\n    name = obj.__class__.__name__\n    if isinstance(obj, FunctionType):\n        name = obj.__name__\n    torch._C._log_api_usage_once(f'{obj.__module__}.{name}')\n    return len(f'{obj.__module__}.{name}')\n"
    const net =
      'import torch.nn as nn\nfrom lib.log import log\nclass M(nn.Module):\n    def forward(self, x):\n        return x * log(log)\n'
    const factor = 'lib.log.log'.length
    assert.deepEqual(
      await numbers(made({ 'lib.log': log, net }, 'net.M')),
      [1, 2, 3, 4].map((x) => x * factor),
    )
  })
  test('torch’s own files on the class path are not read', async () => {
    const files = {
      net: 'import torch.nn as nn\nimport torch.nn.functional as F\nclass M(nn.Module):\n    def forward(self, x):\n        return F.relu(x)\n',
      'torch.nn.functional': 'def relu(x):\n    return x * 7\n',
    }
    assert.deepEqual(await numbers(made(files, 'net.M')), [1, 2, 3, 4])
  })
  test('a file without the class', () =>
    assert.throws(
      () => describeScript(made({ net: 'x = 1\n' }, 'net.M')),
      /there is no code for net\.M; its net\.py has no class M/,
    ))
  test('a class without a forward', () =>
    assert.throws(
      () => describeScript(made({ net: 'import torch.nn as nn\nclass M(nn.Module):\n    pass\n' }, 'net.M')),
      /net\.M has no forward/,
    ))
  test('a file that is no Python', () =>
    assert.throws(() => describeScript(made({ net: 'class M(nn.Module:\n' }, 'net.M')), {
      code: 'bad_model',
      message: /^net\.py:1 has/,
    }))
})

describe('sentences', () => {
  const forward = (body: string): Program =>
    made(
      { net: `import torch\nimport torch.nn as nn\nclass M(nn.Module):\n    def forward(self, x):\n${body}` },
      'net.M',
    )
  const says = (body: string, message: RegExp): void =>
    void assert.throws(() => convertScript(forward(body), optionsFor([X])), message)
  test('all operators at once, with their lines', () =>
    says(
      '        y = torch.fft.fft(x)\n        return torch.linalg.svd(y)\n',
      /not supported: fft\.fft \(net\.py:5\), linalg\.svd \(net\.py:6\)/,
    ))
  test('that a model is quantised', () =>
    says(
      '        y = torch.quantize_per_tensor(x, 0.5, 2, torch.quint8)\n        return torch.dequantize(y)\n',
      /the model is quantised, .* in floats; .*not supported: quantize_per_tensor \(net\.py:5\), dequantize \(net/,
    ))
  test('what the code raises', () =>
    says("        raise ValueError(f'no {x.shape[1]}')\n", /the model raises ValueError: no 2 \(net\.py:5\)/))
  test('a failed assertion', () =>
    says("        assert x.dim() == 3, 'want 3'\n        return x\n", /an assertion of the model fails: want 3/))
  test('sizes that data decides', () =>
    says(
      '        y = x\n        while bool(y.sum() < 9):\n            y = torch.cat([y, y])\n        return y\n',
      /y changes its sizes in a loop that depends on data/,
    ))
  test('a value that only one way sets', () =>
    says(
      '        if bool(x.sum() > 0):\n            y = x\n        return y\n',
      /y has no value here: it is set on one side only/,
    ))
  test('a method that there is not', () =>
    assert.throws(() => convertScript(forward('        return x\n'), { ...optionsFor([X]), method: 'predict' }), {
      code: 'bad_request',
      message: /has no method predict; it has forward/,
    }))
})
