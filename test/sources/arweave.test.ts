import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { ModelId } from '../../src/codecs/model-id.ts'
import { readModelReference } from '../../src/sources/model-reference.ts'
import type { Resolver } from '../../src/sources/resolver.ts'
import { address, FakeGateway } from './fake-gateway.ts'
import { sha256 } from './fake-hub.ts'
import { resolverFor } from './setup.ts'

const OWNER = address('a')
const FILE = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251))
const ID = `arweave/${OWNER}/iris:iris.onnx`

interface Stage {
  readonly gateway: FakeGateway
  readonly cache: string
  resolve(id: string, gateways?: readonly string[]): Promise<string>
  /** By a workflow's own words. */
  find(reference: string): Promise<string>
  allowing(allowed: readonly string[]): Resolver
}

const on = (body: (stage: Stage) => Promise<void>) => async (): Promise<void> => {
  const gateway = await new FakeGateway().start()
  gateway.upload(OWNER, 'iris', { 'iris.onnx': FILE, 'iris.torch': Buffer.from('torch') })
  const cache = mkdtempSync(join(tmpdir(), 'arweave-'))
  const by = (gateways: readonly string[], allowed: readonly string[] = []) =>
    resolverFor(gateway.url, cache, { arweaveGateways: gateways, hosts: gateways, allowed })
  const resolve = (id: string, gateways: readonly string[] = [gateway.url]) =>
    by(gateways).forWorkflow(JSON.stringify(id))
  const find = (reference: string) => by([gateway.url]).forWorkflow(reference)
  const allowing = (allowed: readonly string[]) => by([gateway.url], allowed)
  try {
    await body({ gateway, cache, resolve, find, allowing })
  } finally {
    await gateway.stop()
    rmSync(cache, { recursive: true })
  }
}

const flipped = Buffer.from(FILE)
flipped[2000]! ^= 1

describe('a file on Arweave', () => {
  test(
    'is found by the manifest, verified, and served from the cache',
    on(async ({ gateway, cache, resolve }) => {
      const path = await resolve(ID)
      assert.equal(path, join(cache, 'arweave', OWNER, 'iris/default/iris.onnx'))
      assert.deepEqual(readFileSync(path), FILE)
      const asked = gateway.seen.length
      await resolve(ID)
      assert.equal(gateway.seen.length, asked)
    }),
  )
  test(
    'comes from the newest upload',
    on(async ({ gateway, resolve }) => {
      gateway.upload(OWNER, 'iris', { 'iris.onnx': Buffer.from('newest') }, 30)
      gateway.upload(OWNER, 'iris', { 'iris.onnx': Buffer.from('newer') }, 4)
      assert.equal(readFileSync(await resolve(ID), 'utf8'), 'newest')
    }),
  )
  test(
    'of a version is found by its own tags',
    on(async ({ gateway, resolve }) => {
      gateway.upload(OWNER, 'iris', { 'iris.onnx': Buffer.from('newest') }, 30)
      assert.deepEqual(readFileSync(await resolve(`arweave/${OWNER}/iris/v1:iris.onnx`)), FILE)
    }),
  )
  test(
    'without a manifest is found by its own tags, by the oldest too',
    on(async ({ gateway, resolve }) => {
      const tags = { 'App-Name': 'Ritual', 'Model-Id': 'old', 'File-Name': 'old.onnx', 'File-SHA256': '' }
      const { createHash } = await import('node:crypto')
      tags['File-SHA256'] = createHash('sha256').update(FILE).digest('hex')
      gateway.uploads.push({ id: address('o'), owner: OWNER, tags, bytes: FILE })
      assert.deepEqual(readFileSync(await resolve(`arweave/${OWNER}/old:old.onnx`)), FILE)
    }),
  )
  for (const [what, status] of [
    ['that is pending', 202],
    ['that a gateway does not have', 404],
  ] as const)
    test(
      `${what} comes in chunks`,
      on(async ({ gateway, resolve }) => {
        gateway.behaviour = (request, response) =>
          /^\/iris-1-0_/.test(request.url ?? '') && !!response.writeHead(status).end()
        assert.deepEqual(readFileSync(await resolve(ID)), FILE)
        assert.equal(gateway.seen.filter((path) => path.startsWith('/chunk/')).length, 5)
      }),
    )
  test(
    'comes from the next gateway where one is down',
    on(async ({ gateway, resolve }) => {
      assert.deepEqual(readFileSync(await resolve(ID, ['http://127.0.0.1:1', gateway.url])), FILE)
    }),
  )
  test(
    'comes from the next gateway where one sends wrong bytes',
    on(async ({ gateway, resolve }) => {
      const bad = await new FakeGateway().start()
      bad.uploads.push(
        ...gateway.uploads.map((upload) => (upload.bytes === FILE ? { ...upload, bytes: flipped } : upload)),
      )
      assert.deepEqual(readFileSync(await resolve(ID, [bad.url, gateway.url])), FILE)
      await bad.stop()
    }),
  )
  test(
    'with a flipped bit is refused, by both digests',
    on(async ({ gateway, cache, resolve }) => {
      const i = gateway.uploads.findIndex(({ bytes }) => bytes === FILE)
      gateway.uploads[i] = { ...gateway.uploads[i]!, bytes: flipped }
      await assert.rejects(resolve(ID), {
        code: 'bad_model',
        message: /sha256 [0-9a-f]{64}, but the File-SHA256 tag of/,
      })
      assert.ok(!existsSync(join(cache, 'arweave', OWNER, 'iris/default/iris.onnx')))
    }),
  )
  test(
    'of another owner is refused, whatever the gateway says',
    on(async ({ gateway, resolve }) => {
      gateway.liar = true
      await assert.rejects(resolve(`arweave/${address('b')}/iris:iris.onnx`), {
        code: 'bad_model',
        message: /does not exist/,
      })
    }),
  )
  test(
    'of another owner is refused in a manifest',
    on(async ({ gateway, resolve }) => {
      const i = gateway.uploads.findIndex(({ bytes }) => bytes === FILE)
      gateway.uploads[i] = { ...gateway.uploads[i]!, owner: address('b') }
      await assert.rejects(resolve(ID), { code: 'bad_model', message: /belongs to b{43}, not to a{43}/ })
    }),
  )
  test(
    'without a digest is refused, unless it is pinned',
    on(async ({ gateway, resolve }) => {
      const i = gateway.uploads.findIndex(({ bytes }) => bytes === FILE)
      const pin = gateway.uploads[i]!.tags['File-SHA256']
      gateway.uploads[i]!.tags['File-SHA256'] = ''
      await assert.rejects(resolve(ID), { code: 'bad_model', message: /cannot be verified/ })
      assert.deepEqual(readFileSync(await resolve(`${ID}#sha256=${pin}`)), FILE)
    }),
  )
  test(
    'of an owner that is no address is not asked for',
    on(async ({ gateway, resolve }) => {
      await assert.rejects(resolve('arweave/Ritual-Net/iris:iris.onnx'), {
        code: 'bad_model',
        message: /no Arweave address/,
      })
      assert.deepEqual(gateway.seen, [])
    }),
  )
})

describe('owners in load_args, as the first services had them', () => {
  const OTHER = address('b')
  const tags = {
    'App-Name': 'Ritual',
    'Model-Id': 'Ritual-Net/california-housing',
    'File-Name': 'house.onnx',
    'File-SHA256': sha256(FILE),
    'Unix-Time': '5',
  }
  const named = (owners: unknown, more: object = {}): string =>
    JSON.stringify({
      model_source: 'ARWEAVE',
      load_args: { repo_id: 'Ritual-Net/california-housing', filename: 'house.onnx', owners, ...more },
    })
  for (const [what, owners] of [
    ['one', [OWNER]],
    ['two, of whom the second has it', [OTHER, OWNER]],
    ['one that is no list', OWNER],
  ] as const)
    test(
      `name the wallet: ${what}`,
      on(async ({ gateway, cache, find }) => {
        gateway.uploads.push({ id: address('m'), owner: OWNER, tags, bytes: FILE })
        const path = await find(named(owners))
        assert.deepEqual(readFileSync(path), FILE)
        assert.ok(path.startsWith(join(cache, 'arweave')))
      }),
    )
  test(
    'are the only ones whose uploads are taken',
    on(async ({ gateway, find }) => {
      gateway.uploads.push({ id: address('m'), owner: address('c'), tags, bytes: FILE })
      gateway.liar = true
      await assert.rejects(find(named([OWNER, OTHER])), { code: 'bad_model', message: /does not exist on Arweave/ })
    }),
  )
  for (const [owners, message] of [
    [[], /owners is \[\]; say a list of wallet addresses/],
    [[7], /owners is \[7\]/],
    [['Ritual-Net'], /Ritual-Net is no Arweave address/],
    [[OWNER, '../..'], /\.\.\/\.\. is no Arweave address/],
    [['../..'], /repo_id|owner/],
  ] as const)
    test(
      `${JSON.stringify(owners)} are refused`,
      on(async ({ gateway, find }) => {
        await assert.rejects(find(named(owners)), { code: 'bad_model', message })
        assert.deepEqual(gateway.seen, [])
      }),
    )
  test(
    'of a request must all be allowed',
    on(async ({ gateway, allowing }) => {
      gateway.uploads.push({ id: address('m'), owner: OWNER, tags, bytes: FILE })
      const resolver = allowing([`arweave/${OWNER}`])
      const { id, ...details } = readModelReference(JSON.parse(named([OWNER]))) as { id: ModelId }
      assert.deepEqual(readFileSync(await resolver.forRequest({ ...id, ...details })), FILE)
      const asked = resolver.forRequest({ ...id, owners: [OWNER, OTHER] })
      await assert.rejects(asked, { code: 'bad_request', message: /b{43}, which this server does not serve/ })
    }),
  )
})

describe('a name that is GraphQL', () => {
  const NAMES = [
    'x"]}){edges{node{id}}}#',
    'x\\"',
    "x'",
    'x}',
    '$owners',
    'x"){__schema{types{name}}}',
    '"""',
    '{',
    '`',
  ]
  for (const name of NAMES)
    test(
      `${name} is a value`,
      on(async ({ gateway, resolve }) => {
        await assert.rejects(resolve(`arweave/${OWNER}/${name}:${name}`))
        assert.ok(new Set(gateway.queries.map(({ query }) => query)).size <= 1)
        for (const { query } of gateway.queries)
          assert.ok(!query.includes(name) || name.length === 1 || name === '$owners')
      }),
    )
})
