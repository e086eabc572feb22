/** Where this server will not go, whoever sends it there; and what it does not take along. */
import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { isPublicAddress } from '../../src/sources/addresses.ts'
import { Guard, NetworkError } from '../../src/sources/guard.ts'
import { FakeHub, redirect } from './fake-hub.ts'
import { ID, on, TIMEOUTS } from './setup.ts'

const PRIVATE = `0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 169.254.169.254
  172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
  198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1
  ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 ::127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1
  100::1 2001::1 2001:db8::1 2002:7f00:1::1 2002:a9fe:a9fe:: 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1
  ff02::1 [::1] 0:0:0:0:0:ffff:127.0.0.1 0:0:0:0:0:0:0:1 ::ffff:0:0 5f00::1`.split(/\s+/)
const PUBLIC = `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 128.0.0.1 172.15.255.255 172.32.0.0
  192.169.0.0 223.255.255.255 2606:4700::1111 2a00:1450:4001::1 ::ffff:8.8.8.8 64:ff9b::808:808 [2606:4700::1]`.split(
  /\s+/,
)

describe('an address', () => {
  for (const address of PRIVATE) test(`${address} is not public`, () => assert.equal(isPublicAddress(address), false))
  for (const address of PUBLIC) test(`${address} is public`, () => assert.equal(isPublicAddress(address), true))
  for (const text of ['', 'localhost', '1.2.3', '256.1.1.1', '1.1.1.1 ', ':::', '0x7f000001'])
    test(`${JSON.stringify(text)} is none`, () => assert.equal(isPublicAddress(text), false))
})

const TARGETS = [
  'https://127.0.0.1/x',
  'https://127.0.0.1:6379/',
  'https://127.1/x',
  'https://2130706433/x',
  'https://0x7f000001/x',
  'https://0177.0.0.1/x',
  'https://0/x',
  'https://[::1]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://[::ffff:a9fe:a9fe]/latest/meta-data',
  'https://[0:0:0:0:0:ffff:7f00:1]/x',
  'https://[64:ff9b::7f00:1]/x',
  'https://[fe80::1]/x',
  'https://[fd00:ec2::254]/latest/meta-data',
  'https://169.254.169.254/latest/meta-data',
  'https://10.0.0.1/x',
  'https://192.168.1.1/x',
  'https://172.16.0.1/x',
  'https://100.100.100.200/x',
  'https://①②⑦.0.0.1/x',
  'https://127。0。0。1/x',
  'http://huggingface.co/x',
  'http://1.1.1.1/x',
  'http://169.254.169.254/latest/meta-data',
  'ftp://huggingface.co/x',
  'file:///etc/passwd',
  'data:text/plain,x',
  'gopher://127.0.0.1/x',
  'javascript:0',
  'blob:https://huggingface.co/1',
  'https://user:secret@huggingface.co/x',
  'https://user@127.0.0.1/x',
  'https://huggingface.co@127.0.0.1/x',
  'https://localhost/x',
  'https://localhost.localdomain/x',
  'https://metadata.google.internal/x',
  'https://127.0.0.1.nip.io/x',
]

/** A resolver in which every name is inside. */
const inside = ((_host: string, _options: object, done: (e: null, found: LookupAddress[]) => void) =>
  done(null, [
    { address: '10.1.2.3', family: 4 },
    { address: '::1', family: 6 },
  ])) as never

describe('the guard', () => {
  const guard = new Guard({ resolve: inside, timeouts: TIMEOUTS })
  for (const target of TARGETS)
    test(`refuses ${target}`, () =>
      assert.rejects(
        guard.request(new URL(target)),
        (e) => e instanceof InferError && e.code === 'bad_model' && !e.message.includes('secret'),
      ))

  for (const target of TARGETS)
    test(
      `refuses a redirect to ${target}`,
      on(async ({ hub, another, landed }) => {
        hub.behaviour = redirect(target.replace(/[^\x20-\x7e]/g, encodeURIComponent))
        const asked = another({}, { resolve: inside }).forWorkflow(ID)
        await assert.rejects(asked, (e) => e instanceof InferError && e.code === 'bad_model')
        assert.equal(hub.reads, 1)
        assert.deepEqual(
          landed().filter((name) => !name.startsWith('.')),
          [],
        )
      }),
    )

  test('checks what a name leads to at the time of the connection', async () => {
    const found = ['93.184.216.34', '127.0.0.1']
    const rebinding = ((_host: string, _options: object, done: (e: null, found: LookupAddress[]) => void) =>
      done(null, [{ address: found.pop()!, family: 4 }])) as never
    await assert.rejects(new Guard({ resolve: rebinding }).request(new URL('https://a.example/')), /at 127.0.0.1/)
    assert.deepEqual(found, ['93.184.216.34'])
  })

  test('trusts an origin, not a host', async () => {
    const hub = await new FakeHub().start()
    const trusting = new Guard({ trusted: [hub.url], timeouts: TIMEOUTS })
    assert.equal((await trusting.request(new URL(`${hub.url}/x`))).status, 404)
    await assert.rejects(trusting.request(new URL('http://127.0.0.1:1/x')), /is not https/)
    await assert.rejects(trusting.request(new URL(hub.url.replace('http', 'https'))), /no public address/)
    await hub.stop()
  })

  test('gives up on a server that accepts and is silent, and on one that is not there', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const url = `http://127.0.0.1:${(silent.address() as { port: number }).port}`
    const trusting = new Guard({ trusted: [url], timeouts: TIMEOUTS })
    await assert.rejects(
      trusting.request(new URL(url)),
      (e) => e instanceof NetworkError && /no answer within/.test(e.message),
    )
    await new Promise((resolve) => silent.close(resolve))
    await assert.rejects(
      trusting.request(new URL(url)),
      (e) => e instanceof NetworkError && /ECONNREFUSED/.test(e.message),
    )
  })
})

describe('a token', () => {
  test(
    'goes to the hub, and not along to another host',
    on(async ({ hub, another }) => {
      const store = await new FakeHub().start()
      store.files.set('model.onnx', hub.files.get('model.onnx')!)
      const home = hub.files.get('model.onnx')!
      hub.behaviour = ({ request, response }) =>
        response.writeHead(302, { Location: `${store.url}${request.url}`, 'X-Linked-Size': home.length }).end()
      store.behaviour = ({ serve }) => serve(undefined, { ETag: '"0123456789abcdef0123456789abcdef"' })
      await another({ hosts: [store.url] }).forWorkflow(ID)
      assert.deepEqual([...new Set(hub.seen.map(({ headers }) => headers.authorization))], ['Bearer hf_secret'])
      assert.equal(store.seen.length, 1)
      assert.deepEqual(
        store.seen.filter(({ headers }) => JSON.stringify(headers).includes('hf_secret')),
        [],
      )
      await store.stop()
    }),
  )

  test(
    'does not go there and back',
    on(async ({ hub, another }) => {
      const other = await new FakeHub().start()
      other.files.set('model.onnx', Buffer.from('x'))
      other.behaviour = ({ request, response }) =>
        response.writeHead(302, { Location: `${hub.url}${request.url}` }).end()
      hub.behaviour = (e, n) => (n === 1 ? redirect(`${other.url}${e.request.url}`)(e, n) : e.serve())
      await another({ hosts: [other.url] }).forWorkflow(ID)
      const [first, second] = hub.seen.filter(({ path }) => path.includes('resolve'))
      assert.equal(first?.headers.authorization, 'Bearer hf_secret')
      assert.equal(second?.headers.authorization, undefined)
      await other.stop()
    }),
  )

  test(
    'is in no log line and no error',
    on(async ({ hub, resolver, logs }) => {
      hub.behaviour = redirect('https://127.0.0.1/?token=hf_secret')
      await assert.rejects(resolver.forWorkflow(ID), (e: Error) => !e.message.includes('hf_secret'))
      assert.ok(!logs.join('').includes('hf_secret'))
    }),
  )
})
