import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as abi from '../../src/codecs/abi.ts'
import {
  createModelId,
  decodeModelId,
  encodeModelId,
  encodeRepoId,
  formatModelId,
  type ModelId,
  parseModelId,
} from '../../src/codecs/model-id.ts'
import { padded, readVectors, refuses, words } from './check.ts'

const IRIS = {
  storage: 'huggingface',
  owner: 'Ritual-Net',
  name: 'iris-classification',
  files: ['iris.torch'],
} as const satisfies ModelId

/** `text` means `id`, is how `id` is written, and survives the chain. */
const check = (text: string, id: ModelId) =>
  test(text, () => {
    assert.deepEqual(parseModelId(text), id)
    assert.equal(formatModelId(id), text)
    assert.deepEqual(decodeModelId(encodeModelId(id)), id)
  })

check('huggingface/Ritual-Net/iris-classification:iris.torch', IRIS)
check('huggingface/Ritual-Net/iris-classification', { ...IRIS, files: [] })
check('huggingface/Ritual-Net/iris-classification/v1:a.onnx,b.onnx', {
  ...IRIS,
  version: 'v1',
  files: ['a.onnx', 'b.onnx'],
})
check('arweave/7eR-_x/näme:f', { storage: 'arweave', owner: '7eR-_x', name: 'näme', files: ['f'] })
check('local/owner/name:onnx/model.onnx', {
  storage: 'local',
  owner: 'owner',
  name: 'name',
  files: ['onnx/model.onnx'],
})

test('a second colon and what follows is dropped', () => assert.deepEqual(parseModelId('local/a/b:x:y').files, ['x']))
test('a colon without files means no files', () => assert.deepEqual(parseModelId('local/a/b:').files, []))
test('an empty version is none', () => assert.deepEqual(createModelId({ ...IRIS, version: '' }), IRIS))

test('on chain it is (bytes repo, string files)', () => {
  const repo = words(2, 0x80, 0xc0, 0x100) + padded('Ritual-Net') + padded('iris-classification') + padded('')
  assert.equal(encodeRepoId(IRIS), repo)
  assert.equal(encodeModelId(IRIS), words(0x40, 0x180, 0x120) + repo + padded('iris.torch'))
})

const refused = (text: string, says: RegExp) =>
  test(`refuses ${JSON.stringify(text).slice(0, 60)}`, () => refuses(() => parseModelId(text), says))

refused('', /^Invalid unique id: $/)
refused('some/invalid-model-format', /^Invalid unique id: some\/invalid-model-format$/)
refused('huggingface/a/b/c/d', /^Invalid unique id: huggingface\/a\/b\/c\/d$/)
refused('foo/bar/baz', /^'foo' is not a valid StorageId$/)
refused('toString/bar/baz', /^'toString' is not a valid StorageId$/)
refused('HuggingFace/bar/baz', /^'HuggingFace' is not a valid StorageId$/)
refused('local//b', /^the owner "" of a model id has an empty, "." or ".." part$/)
refused('local/a/', /^Invalid unique id/)
refused('local/a/b/', /^the version of model id "local\/a\/b\/" is empty$/)
refused('local/../b', /^the owner ".." of a model id/)
refused('local/a/..', /^the name ".." of a model id/)
refused('local/a/b/..', /^the version ".." of a model id/)
refused('local/a/b/.', /^the version "." of a model id/)
refused('local/-a/b', /^the owner "-a" of a model id starts with "-"$/)
refused('local/a/b\\c', /^the name "b\\\\c" of a model id has a character/)
refused('local/a/%2e%2e', /^the name "%2e%2e" of a model id has a character/)
refused('local/a/b\0', /^the name "b\\u0000" of a model id has a character/)
refused('local/a/b\n', /has a character/)
refused('local/a/b\u202e', /has a character/)
refused('local/a/b\ud800', /has a character/)
refused(`local/a/${'b'.repeat(256)}`, /^the name "b+… of a model id is longer than 255 bytes$/)
refused(`local/a/${'é'.repeat(128)}`, /longer than 255 bytes$/)
refused('local/a/b:/etc/passwd', /^the file "\/etc\/passwd" of a model id has an empty, "." or ".." part$/)
refused('local/a/b:x/../../y', /^the file "x\/..\/..\/y" of a model id has an empty/)
refused('local/a/b:x/./y', /has an empty/)
refused('local/a/b:x//y', /has an empty/)
refused('local/a/b:x/', /has an empty/)
refused('local/a/b:x,,y', /^the file "" of a model id has an empty/)
refused('local/a/b:x/-y', /starts with "-"/)
refused(`local/a/b:${Array(99).fill('abc').join('/')}`, /^the file "abc.*… of a model id is longer/)
refused(`local/a/b:${','.repeat(1e6)}`, /^a model id names more than 100 files$/)

const onChain = (says: RegExp, hex: string) =>
  test(`refuses on chain: ${says.source}`, () => refuses(() => decodeModelId(hex), says))
const repo = (storage: bigint, owner: string, name: string, version = '') =>
  abi.encode(['uint8', 'string', 'string', 'string'], [storage, owner, name, version])
const id = (repoHex: string, files: string) => abi.encode(['bytes', 'string'], [repoHex, files])

onChain(/^the chain payload is not a model id: it has 0 bytes/, '')
onChain(/^the chain payload is not a model id: it has 0 bytes/, id('', 'f'))
onChain(/its storage is 3, not 0 to 2$/, id(repo(3n, 'a', 'b'), 'f'))
onChain(/^the owner "a\/..\/.." of a model id has a character/, id(repo(0n, 'a/../..', 'b'), 'f'))
onChain(/^the name "b:c" of a model id has a character/, id(repo(0n, 'a', 'b:c'), 'f'))
onChain(/^the version "..\/x" of a model id has a character/, id(repo(0n, 'a', 'b', '../x'), 'f'))
onChain(/^the name "" of a model id/, id(repo(0n, 'a', ''), 'f'))
onChain(/^the file "..\/f" of a model id/, id(repo(0n, 'a', 'b'), '../f'))
onChain(/^the file "f:g" of a model id/, id(repo(0n, 'a', 'b'), 'f:g'))

interface Row {
  readonly unique_id: string
  readonly hex?: string
  readonly repo_id_hex?: string
  readonly roundtrip?: string
  readonly files?: string[]
  readonly version?: string | null
  readonly ok?: string
  readonly error?: string
}

const { rows, skip } = readVectors<Row>('vectors_modelid_v2.json')

test('every vector of upstream parses, encodes and decodes', { skip }, () => {
  for (const { unique_id: text, error, ok, hex, repo_id_hex, roundtrip, files, version } of rows) {
    if (error !== undefined) {
      assert.throws(() => parseModelId(text), { code: 'bad_request', message: error.replace('ValueError: ', '') })
      continue
    }
    const parsed = parseModelId(text)
    assert.deepEqual(parsed.files, files, text)
    assert.equal(parsed.version ?? null, version ?? null, text)
    assert.equal(formatModelId(parsed), ok ?? roundtrip, text)
    if (hex === undefined) continue
    assert.equal(encodeModelId(parsed), hex, text)
    assert.equal(encodeRepoId(parsed), repo_id_hex, text)
    assert.deepEqual(decodeModelId(hex), parsed, text)
  }
})
