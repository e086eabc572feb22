/** Whether a file can be opened, as `/service-resources` says it; ONNX Runtime knows the truth. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { judgeFile } from '../../src/models/judge.ts'
import { openModel } from '../../src/models/open.ts'
import { judgeName } from '../../src/sources/support.ts'
import { FIXTURES } from '../support/paths.ts'

const directory = mkdtempSync(join(tmpdir(), 'support-'))
test.after(() => rmSync(directory, { recursive: true }))

/** A protobuf field: a number, or bytes. */
function field(number: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.of(number << 3, value)
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes])
}

/** `y = operator(x)` for one float, with the given versions; field numbers as in src/onnx/schema.ts. */
function graph({ op = 'Abs', domain = '', ir = 10, opset = 17, ml = 1, bias = '' } = {}): Buffer {
  const dims = field(1, field(1, 1))
  const info = (name: string) =>
    Buffer.concat([field(1, name), field(2, field(1, Buffer.concat([field(1, 1), field(2, dims)])))])
  const node = Buffer.concat([field(1, 'x'), field(2, 'y'), field(4, op), field(7, domain)])
  const location = Buffer.concat([field(1, 'location'), field(2, bias)])
  const external = Buffer.concat([field(1, 1), field(2, 1), field(8, 'b'), field(13, location), field(14, 1)])
  const parts = [
    field(1, node),
    field(2, 'g'),
    field(11, info('x')),
    field(12, info('y')),
    ...(bias ? [field(5, external)] : []),
  ]
  const opsets = [
    ['', opset],
    ['ai.onnx.ml', ml],
    ['com.microsoft', 1],
  ] as const
  return Buffer.concat([
    field(1, ir),
    field(7, Buffer.concat(parts)),
    ...opsets.map(([name, version]) => field(8, Buffer.concat([field(1, name), field(2, version)]))),
  ])
}

async function opens(path: string): Promise<boolean> {
  try {
    const model = await openModel(path)
    await model.close()
    return model.inputs.every(({ dtype }) => dtype !== null)
  } catch {
    return false
  }
}

describe('ONNX Runtime and we agree on', () => {
  for (const folder of ['onnx/', 'onnx/reader/', 'oracle/'])
    for (const name of readdirSync(FIXTURES + folder).filter((file) => file.endsWith('.onnx')))
      test(name, async () => {
        const { supported, reason } = judgeFile(FIXTURES + folder + name)
        assert.equal(supported, await opens(FIXTURES + folder + name), reason)
      })
  for (const [what, options, reason] of [
    ['a plain graph', {}, undefined],
    ['the newest opset', { opset: 26 }, undefined],
    ['a newer opset', { opset: 27 }, /it has opset 27 of ai\.onnx; the newest that is served is 26/],
    ['a newer opset of ai.onnx.ml', { ml: 6 }, /opset 6 of ai\.onnx\.ml/],
    ['the newest IR', { ir: 13 }, undefined],
    ['a newer IR', { ir: 14 }, /it has IR version 14; the newest that is served is 13/],
    ['an operator that nobody has', { op: 'Nonesuch' }, /the operator Nonesuch, which is not served/],
    ['an operator of a domain of its own', { op: 'Abs', domain: 'acme' }, /the operator Abs of acme, which/],
    ['an operator of Microsoft', { op: 'QuickGelu', domain: 'com.microsoft' }, undefined],
    ['an operator that is named as a property of objects', { op: 'constructor' }, /the operator constructor/],
    ['an operator without a kernel', { op: 'ImageDecoder', opset: 20 }, /the operator ImageDecoder/],
    ['an operator that is made of others', { op: 'Mish', opset: 18 }, undefined],
    ['external data that is not there', { bias: 'absent.bin' }, /its external data absent\.bin is not there/],
    ['external data elsewhere', { bias: '../absent.bin' }, /leads out of the folder/],
  ] as const)
    test(what, async () => {
      const path = join(directory, 'graph.onnx')
      writeFileSync(path, graph(options))
      const judged = judgeFile(path)
      assert.equal(judged.supported, await opens(path), judged.reason)
      if (reason) assert.match(judged.reason ?? '', reason)
      else assert.deepEqual(judged, { supported: true })
      assert.ok(!judged.reason?.includes(directory))
    })
})

describe('what is no such file', () => {
  for (const [what, bytes, reason] of [
    ['nothing', '', /^model\.onnx is no model \(the file is empty\)/],
    ['a web page', '<html>', /a web page/],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\n', /a pointer of Git LFS/],
    ['half a graph', graph().subarray(0, 40), /^model\.onnx cannot be opened: /],
    ['a shell script', '#!/bin/sh\n', /a script, not a model/],
  ] as const)
    test(`${what} is refused with its reason`, () => {
      const path = join(directory, 'model.onnx')
      writeFileSync(path, bytes)
      assert.match(judgeFile(path).reason ?? '', reason)
    })
  test('a folder', () => assert.match(judgeFile(directory).reason ?? '', /cannot be opened/))
  test('bytes that were read already', () => assert.deepEqual(judgeFile('x', graph()), { supported: true }))
  test('is judged by its name', () => {
    assert.deepEqual(judgeName('onnx/model.onnx'), { supported: true })
    assert.match(judgeName('model.zip').reason ?? '', /^model\.zip does not look like a model/)
  })
  test('is not slow, however it is made', () => {
    const path = join(directory, 'many.onnx')
    const many = Buffer.concat([field(1, 8), Buffer.concat(Array.from({ length: 131_000 }, () => field(14, '')))])
    writeFileSync(path, many)
    const startedAt = performance.now()
    judgeFile(path)
    assert.ok(performance.now() - startedAt < 500, `${performance.now() - startedAt} ms`)
    assert.ok(readFileSync(path).length < 256 << 10 || many.length < 300_000)
  })
})
