/** Code that strangers write to hang or to break: refused in one sentence, within a second. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { convertScript } from '../../../src/convert/script/convert.ts'
import { parsePython } from '../../../src/convert/script/parser.ts'
import { InferError } from '../../../src/errors.ts'
import { pyObject } from '../../../src/formats/values.ts'

const convert = (body: string, extra = ''): unknown => {
  const lines = body.split('\n').map((line) => `        ${line}`)
  const text = `import torch\nimport torch.nn as nn\n${extra}\nclass M(nn.Module):\n    def forward(self, x):\n${lines.join('\n')}\n`
  const state = new Map([
    ['_modules', new Map()],
    ['_parameters', new Map()],
    ['_buffers', new Map()],
  ])
  const value = { ...pyObject('evil.M', []), state }
  const program = { value, constants: [], find: (module: string) => (module === 'evil' ? text : undefined) }
  return convertScript(program, { inputs: [{ dtype: 'float32', dims: [null, 4] }], batch: 2 })
}

function refused(run: () => unknown, message: RegExp): void {
  const start = performance.now()
  assert.throws(run, (error) => {
    assert.ok(error instanceof InferError, String(error))
    assert.match(error.message, message)
    assert.ok(error.message.length < 1000, 'one sentence')
    return true
  })
  const took = performance.now() - start
  assert.ok(took < 2000, `${took} ms`)
}

describe('hostile code', () => {
  const rows: readonly [name: string, body: string, message: RegExp, extra?: string][] = [
    ['an endless loop', 'while True:\n    pass\nreturn x', /more than \d+ steps/],
    ['a loop over a huge range', 'for i in range(10 ** 12):\n    pass\nreturn x', /steps|too many/],
    ['a huge unroll of nodes', 'for i in range(10 ** 6):\n    x = x + 1.5\nreturn x', /nodes|steps/],
    ['endless recursion', 'return f(x)', /levels of calls|too deep/, 'def f(x):\n    return f(x)\n'],
    ['a lambda that calls itself', 'f = lambda g: g(g)\nreturn f(f)', /levels of calls|too deep/],
    ['a list that doubles', 'a = [1]\nwhile True:\n    a = a + a\nreturn x', /steps/],
    ['a list that grows', 'a = [1] * 10 ** 12\nreturn x', /steps/],
    ['a list that extends itself', 'a = [1]\nwhile True:\n    a.extend(a)\nreturn x', /steps/],
    ['a text that doubles', "a = 'x'\nwhile True:\n    a = a + a\nreturn x", /characters/],
    ['a text that is repeated', "a = 'x' * 10 ** 12\nreturn x", /characters/],
    ['a text that formats itself', "a = 'xx{0}{0}'\nwhile True:\n    a = a.format(a)\nreturn x", /characters/],
    ['an int that squares itself', 'a = 3\nwhile True:\n    a = a * a\nreturn x', /bits/],
    ['a huge power', 'return x * 10 ** 10 ** 10', /digits/],
    ['a huge shift', 'return x * (1 << 10 ** 9)', /shifted/],
    ['a huge product of lists', 'import itertools\nreturn itertools.product(*[range(100)] * 10)', /steps/],
    ['a list in itself', 'a = []\na.append(a)\nreturn a', /nest/],
    [
      'lists that are equal to themselves',
      'a = []\nb = []\na.append(b)\nb.append(a)\nc = [[a]]\nreturn x if c == [[b]] else x',
      /levels|deep/,
    ],
    ['a class that is its own base', 'return A()', /itself|bases|levels/, 'class A(A):\n    pass\n'],
    ['constants that define one another', 'return x * A', /itself/, 'A = B\nB = A\n'],
    ['a file that imports itself', 'return A(x)', /itself|called/, 'from evil import A\n'],
    [
      'a property that asks itself',
      'return A().p',
      /levels|deep/,
      'class A:\n    @property\n    def p(self):\n        return self.p\n',
    ],
    ['what Python would run', "return eval('1')", /eval is not defined/],
    ['what Python would import', "import os\nreturn os.system('touch /tmp/hostile')", /os\.system is not supported/],
    ['dunder names', 'return x.__class__.__bases__[0].__subclasses__()', /no attribute __class__/],
    ['the prototype', 'return x.constructor(1)', /constructor/],
    ['a dict with odd keys', "d = {'__proto__': 1}\nreturn d['constructor']", /no key constructor/],
    ['an open file', "return open('/etc/passwd')", /open is not defined/],
    ['random numbers', 'return torch.rand(2, 3) + torch.bernoulli(x)', /not supported: rand \(.*bernoulli/],
    ['a tensor beyond all memory', 'for i in range(200):\n    x = torch.cat([x, x], 1)\nreturn x', /elements/],
  ]
  for (const [name, body, message, extra] of rows) test(name, () => refused(() => convert(body, extra), message))
})

describe('hostile texts', () => {
  const deep = 100_000
  const rows: readonly [name: string, text: string, message: RegExp][] = [
    ['brackets in brackets', `x = ${'('.repeat(deep)}`, /nests more than/],
    ['lists in lists', `x = ${'['.repeat(deep)}`, /nests more than/],
    ['a chain of not', `x = ${'not '.repeat(deep)}y`, /nests more than/],
    ['a chain of minus', `x = ${'-'.repeat(deep)}1`, /nests more than/],
    ['a chain of powers', `x = ${'2 ** '.repeat(deep)}1`, /nests more than/],
    ['a chain of lambdas', `x = ${'lambda: '.repeat(deep)}1`, /nests more than/],
    ['a chain of ternaries', `x = ${'1 if y else '.repeat(deep)}1`, /nests more than/],
    [
      'blocks in blocks',
      Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}if x:\n`).join(''),
      /nests more|indents more/,
    ],
    ['a chain of elif', `if a: pass\n${'elif b: pass\n'.repeat(deep)}`, /nests more than/],
    ['f-strings in f-strings', `x = ${"f'{".repeat(200)}`, /brace|string|nests/],
    ['a string without an end', `x = '${'a'.repeat(deep)}`, /string without an end/],
    ['a number without an end', `x = ${'9'.repeat(deep)}`, /digits/],
    ['a stray character', 'x = $', /which is no Python/],
    ['crossed brackets', 'x = (]', /where an expression belongs/],
  ]
  for (const [name, text, message] of rows) test(name, () => refused(() => parsePython(text, 'evil.py'), message))
  test('long chains of operators are no nesting', () => {
    assert.equal(parsePython(`x = ${'1 + '.repeat(deep)}1`, 'long.py').length, 1)
  })
})
