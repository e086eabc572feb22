/** What operators and callers get wrong about models: one sentence each, with the value in it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fetchModels } from '../../src/cli/fetch.ts'
import { readConfig } from '../../src/config.ts'
import { InferError } from '../../src/errors.ts'
import { createResolver, type Resolver, readRequestModelId } from '../../src/sources/resolver.ts'
import { SUPPORT_MODULE } from '../support/paths.ts'

const cache = mkdtempSync(join(tmpdir(), 'mistakes-'))
test.after(() => rmSync(cache, { recursive: true }))

const offline = (keywords: Readonly<Record<string, unknown>>): Resolver =>
  createResolver({
    supportModule: SUPPORT_MODULE,
    keywords: { cache_dir: cache, ...keywords },
    defaultModel: '/none',
    useDefault: false,
  })

/** One line that ends a program well: no stack, no name of a class, no `undefined`. */
function assertSentence(error: unknown, expected: RegExp): void {
  assert.ok(error instanceof InferError, String(error))
  assert.match(error.message, expected)
  assert.doesNotMatch(error.message, /\n|\bat \S+:\d+|undefined|\w+Error\b|NaN|\[object/)
}

const named = (args: object, source?: unknown): Readonly<Record<string, unknown>> => ({
  model_source: source,
  load_args: args,
})

describe('a model that an operator names wrongly:', () => {
  for (const [keywords, expected] of [
    [{}, /^no model is configured by \{"cache_dir":.*: name one with model_id, model_path, model_name/],
    [{ model_pat: '/x.onnx' }, /^no model is configured by .*"model_pat":"\/x\.onnx"/],
    [{ model_id: 7 }, /^model_id is 7; say storage\/owner\/name:file$/],
    [
      { model_id: 'model.onnx' },
      /^Invalid unique id: model\.onnx; say storage.*or a path that begins with \/ or \.\/$/,
    ],
    [{ model_id: 'hf/a/b:c.onnx' }, /^'hf' is not a valid StorageId; say storage/],
    [{ model_id: 'huggingface/a' }, /^Invalid unique id: huggingface\/a; say/],
    [{ model_id: 'huggingface/a/b:../c' }, /^the file "\.\.\/c" of a model id has/],
    [{ model_id: 'huggingface/a/b:c#sha256=abc' }, /^the model id ends in "#sha256=abc"; say 64 hex digits$/],
    [{ model_id: 'https://' }, /^Invalid unique id: https:\/\/; say/],
    [{ model_id: 'https://other.example/m.onnx' }, /^https:\/\/other\.example\/m\.onnx is at a host that MODEL_HOSTS/],
    [{ model_id: 'file:///a%ZZ.onnx' }, /^file:\/\/\/a%ZZ\.onnx names no file of this machine: URI malformed$/],
    [{ model_id: 'file://host/a.onnx' }, /^file:\/\/host\/a\.onnx names no file of this machine: /],
    [{ model_id: '/tmp' }, /^the model file \/tmp is no file$/],
    [{ model_id: '/no/model.onnx' }, /^the model file \/no\/model\.onnx does not exist$/],
    [{ model_path: 7 }, /^model_path is 7; say the path of a file$/],
    [{ model_path: '' }, /^model_path is ""; say the path of a file$/],
    [{ model_name: 'a/b/c' }, /^repo_id is "a\/b\/c"; say owner\/name$/],
    [{ model_source: 2 }, /^load_args \(or model_args\) is null; say a JSON object$/],
    [named({ repo_id: 'a/b' }, 2), /^filename is null; say the file in a\/b$/],
    [
      named({ repo: 'a/b', filename: 'c' }, 2),
      /^load_args is \{"repo":"a\/b","filename":"c"\}; it needs repo_id and filename$/,
    ],
    [named({ repo_id: 'a', filename: 'c' }, 2), /^repo_id is "a"; say owner\/name$/],
    [
      named({ repo_id: 'a/b', filename: 'c' }, 's3'),
      /^model_source is "s3"; say local, arweave or huggingface_hub \(or 0, 1, 2\)$/,
    ],
    [named({ repo_id: 'a/b', filename: 'c' }, 3), /^model_source is 3; say/],
    [named({ path: '' }, 'local'), /^load_args of a local model is \{"path":""\}; it needs model_path$/],
    [
      { model_source: 2, load_args: '{repo_id: a/b}' },
      /^load_args \(or model_args\) is "\{repo_id: a\/b\}"; say a JSON object$/,
    ],
    [
      { model_id: 'huggingface/a/b:c.onnx' },
      /^huggingface\/a\/b:c\.onnx is not in the cache \(.*\), and this server is offline$/,
    ],
    [{ model_id: 'local/a/b:c.onnx' }, /^local\/a\/b:c\.onnx is not in the cache \(.*\)$/],
  ] as const)
    test(JSON.stringify(keywords), async () => {
      const wrong = await offline(keywords)
        .forWorkflow(JSON.stringify({ cache_dir: cache, ...keywords }))
        .catch((error: unknown) => error)
      assertSentence(wrong, expected)
    })
  test('a cache that is no folder name', () => {
    try {
      offline({ cache_dir: { a: 1 } })
      assert.fail('taken')
    } catch (error) {
      assertSentence(error, /^cache_dir is \{"a":1\}; say a folder$/)
    }
  })
  test('a shelf of none, as the services had it, holds the model that runs', () =>
    assert.equal(readConfig({ TORCH_MODEL_LRU_CACHE_SIZE: '0' }).workflow.kwargs.open_models, 0))
})

describe('a model that a request names wrongly:', () => {
  const resolver = offline({ model_id: 'huggingface/a/b:c.onnx' })
  for (const [value, expected] of [
    [7, /^model_id is 7; say a string such as huggingface\/owner\/name:file$/],
    [null, /^model_id is null; say/],
    [['huggingface/a/b:c'], /^model_id is \["huggingface\/a\/b:c"\]; say/],
    ['', /^Invalid unique id: $/],
    ['a/b', /^Invalid unique id: a\/b$/],
    ['huggingface/a/b:c#sha256=1', /^the model id ends in "#sha256=1"; say 64 hex digits$/],
    ['huggingface/x/y:c.onnx', /^model_id names huggingface\/x, which this server does not serve$/],
    ['huggingface/a/b:d.onnx', /^huggingface\/a\/b:d\.onnx is not in the cache/],
    ['/etc/passwd', /^Invalid unique id: \/etc\/passwd$|^'' is not a valid StorageId/],
  ] as const)
    test(JSON.stringify(value), async () => {
      const wrong = await (async () => resolver.forRequest(readRequestModelId(value)))().catch(
        (error: unknown) => error,
      )
      assertSentence(wrong, expected)
      assert.equal((wrong as InferError).code, 'bad_request')
    })
})

test('fetch says of each id what became of it, and goes on', async () => {
  const lines: string[] = []
  const ids = ['a/b', 'huggingface/a/b', 'https://other.example/m.onnx', './none.onnx']
  assert.equal(await fetchModels(ids, offline({}), (line) => lines.push(line)), 1)
  assert.equal(lines.length, ids.length)
  for (const [i, line] of lines.entries())
    assert.ok(line.startsWith(`FAILED  ${ids[i]}: `) && !line.includes('\n'), line)
})
