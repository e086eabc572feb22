/** Every answer that is no success has the one shape that the node takes for a failure. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Answer, type Service, startService } from '../support/service.ts'

let service: Service
before(async () => {
  service = await startService({ BODY_LIMIT_BYTES: '200000' })
  await service.ready()
})
after(() => service.close())

const JSON_TYPE = { 'Content-Type': 'application/json' }
const row = Array.from({ length: 69 }, (_, i) => i / 10)
const good = { source: 1, data: { dtype: 'double', values: [row] } }

function checkShape({ status, headers, body, text }: Answer, expected: number, words?: RegExp): void {
  assert.equal(status, expected, text)
  assert.match(headers.get('content-type') ?? '', /^application\/json/)
  assert.deepEqual(Object.keys(body), ['code', 'name', 'description'])
  assert.equal(body.code, `${expected}`)
  if (words) assert.match(body.description as string, words)
}

const refuses = (name: string, body: unknown, words: RegExp, status = 400): void => {
  test(name, async () => checkShape(await service.post(body), status, words))
}

describe('the body', () => {
  refuses('no JSON', '{"source": 1,', /cannot be read/)
  refuses('NaN literal', '{"source":1,"data":{"dtype":"double","values":[[NaN]]}}', /not valid JSON/)
  refuses('null', 'null', /must be a JSON object; it is null/)
  refuses('a list', '[1,2]', /must be a JSON object; it is \[1,2\]/)
  refuses('empty', '', /must be a JSON object/)
  refuses('a prototype', '{"source":1,"data":{"__proto__":{"x":1}}}', /cannot be read/)
  refuses(
    'nested without end',
    `{"source":1,"data":{"dtype":"double","values":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
    /nested more than 32 deep/,
  )
  refuses(
    'nested without end, dtype to infer',
    `{"source":1,"data":{"dtype":"?","values":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
    /cannot be read without losing digits|nested/,
  )
  test('too large', async () => checkShape(await service.post('x'.repeat(200_001)), 413))
  test('too large once unpacked', async () => {
    const headers = { ...JSON_TYPE, 'Content-Encoding': 'gzip' }
    const body = gzipSync(Buffer.alloc(5_000_000, 0x20))
    checkShape(await service.fetch('/service_output', { method: 'POST', headers, body }), 413)
  })
  test('packed in a way that is not read', async () => {
    const headers = { ...JSON_TYPE, 'Content-Encoding': 'zstd' }
    checkShape(await service.fetch('/service_output', { method: 'POST', headers, body: JSON.stringify(good) }), 415)
  })
  test('of another type', async () =>
    checkShape(
      await service.post(JSON.stringify(good), { 'Content-Type': 'text/plain' }),
      400,
      /application\/json expected; it is text\/plain/,
    ))
  test('with a charset and a +json type is read', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/vnd.api+json']) {
      assert.equal((await service.post(JSON.stringify(good), { 'Content-Type': type })).status, 200)
    }
  })
})

describe('the envelope', () => {
  refuses('no source', { data: {} }, /^source is missing/)
  refuses('source 3', { ...good, source: 3 }, /^source is 3; say/)
  refuses('source in words', { ...good, source: 'OFFCHAIN' }, /^source is "OFFCHAIN"/)
  refuses('source 2', { ...good, source: 2 }, /Invalid infernet source: 2/)
  refuses('destination null', { ...good, destination: null }, /^destination is null/)
  refuses('destination 2', { ...good, destination: 2 }, /Invalid infernet destination: 2/)
  refuses('a proof', { ...good, requires_proof: true }, /^Proofs are not supported for Torch Inference Service$/)
  refuses('half a proof', { ...good, requires_proof: 'perhaps' }, /^requires_proof is "perhaps"/)
  refuses('no data', { source: 1 }, /^data must be an object/)
  refuses('a list as data', { source: 1, data: [1] }, /^data must be an object.*\[1\]/)
  refuses('hex from off chain', { source: 1, data: 'c0ffee' }, /data is a string/)
  refuses('an object from a chain', { ...good, source: 0 }, /data is an object/)
  refuses('empty hex', { source: 0, data: '' }, /empty/)
  refuses('odd hex', { source: 0, data: 'abc' }, /./)
  refuses('no hex', { source: 0, data: 'xyz' }, /xyz/)
})

describe('the data', () => {
  refuses('nothing', { source: 1, data: {} }, /data has no keys; it needs dtype and values, input, or inputs/)
  refuses('no dtype', { source: 1, data: { values: [row] } }, /^data\.dtype is missing/)
  refuses('no values', { source: 1, data: { dtype: 'double' } }, /^data\.values is missing/)
  refuses(
    'values spelled wrong',
    { source: 1, data: { dtype: 'double', value: [row] } },
    /^data\.values is missing; data has dtype, value$/,
  )
  refuses(
    'values of a vector spelled wrong',
    { source: 1, data: { input: { dtype: 'double', shape: [1, 69], value: [row] } } },
    /^data\.input\.values is missing; data\.input has dtype, shape, value$/,
  )
  refuses(
    'a vector under a name where one stands alone',
    { source: 1, data: { input: { x: { dtype: 'double', shape: [1, 69], values: [row] } } } },
    /^data\.input\.values is missing; data\.input has x$/,
  )
  refuses(
    'another dtype',
    { source: 1, data: { dtype: 'float', values: [row] } },
    /'x' is float64\[n, 69\]; the request gives float32\[1, 69\]/,
  )
  refuses(
    'a hole',
    { source: 1, data: { dtype: 'double', values: [[...row.slice(1), null]] } },
    /^data\.values\[0\]\[68\] must be a number; it is null/,
  )
  refuses(
    'text',
    { source: 1, data: { dtype: 'double', values: [[...row.slice(1), '1']] } },
    /must be a number; it is "1"/,
  )
  refuses('too few', { source: 1, data: { dtype: 'double', values: [[1, 2]] } }, /gives float64\[1, 2\]/)
  refuses(
    'out of range',
    { source: 1, data: { dtype: 'int8', values: [[300]] } },
    /^data\.values\[0\]\[0\] = 300 does not fit int8/,
  )
  refuses(
    'a shape that lies',
    { source: 1, data: { input: { dtype: 2, shape: [2, 69], values: row } } },
    /takes 138 values; data\.input\.values has 69/,
  )
  refuses(
    'a shape without end',
    { source: 1, data: { input: { dtype: 2, shape: [2 ** 40, 2 ** 40], values: row } } },
    /has 69/,
  )
  refuses(
    'a dtype that is none',
    { source: 1, data: { input: { dtype: 16, shape: [1, 69], values: row } } },
    /^data\.input\.dtype is 16/,
  )
  refuses(
    'complex numbers',
    { source: 1, data: { input: { dtype: 13, shape: [1, 69], values: row } } },
    /gives complex64\[1, 69\]/,
  )
  refuses(
    'a model of others',
    { source: 1, data: { model_id: 'huggingface/x/y:z.onnx', input: { dtype: 2, shape: [1, 69], values: row } } },
    /which this server does not serve/,
  )
  refuses(
    'a file of the server',
    { source: 1, data: { load_args: { path: '/etc/passwd' }, ...good.data } },
    /a request may name a model id only/,
  )
  refuses(
    'a method that is none',
    { source: 1, data: { ...good.data, method: 'predict' } },
    /data\.method is "predict"/,
  )
})

describe('the route', () => {
  test('unknown', async () => checkShape(await service.get('/nope'), 404))
  test('known, by another method', async () => {
    const answer = await service.get('/service_output')
    checkShape(answer, 405)
    assert.match(answer.headers.get('allow') ?? '', /POST/)
  })
  test('OPTIONS is answered', async () =>
    assert.equal((await service.fetch('/service_output', { method: 'OPTIONS' })).status, 200))
  test('HEAD is answered', async () => assert.equal((await service.fetch('/', { method: 'HEAD' })).status, 200))
})

test('what is not even HTTP', async () => {
  for (const text of [
    'GARBAGE\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  ]) {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
    socket.write(text)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    await once(socket, 'close')
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 4\d\d /)
    assert.equal(JSON.parse(body).code, /^HTTP\/1\.1 (\d+)/.exec(head)?.[1])
  }
})

test('no refusal stopped the service, and all are counted', async () => {
  assert.equal((await service.post(good)).status, 200)
  const { text } = await service.get('/metrics')
  assert.match(text, /infernet_requests_total\{status="400"\} \d\d/)
  assert.match(text, /infernet_worker_restarts_total 0/)
})

test("every answer has a request id, the caller's own where it is one", async () => {
  const headers = { ...JSON_TYPE, 'X-Request-Id': 'job-7' }
  assert.equal((await service.post(good, headers)).headers.get('x-request-id'), 'job-7')
  assert.match(
    (await service.post(good, { ...JSON_TYPE, 'X-Request-Id': 'a\tb' })).headers.get('x-request-id') ?? '',
    /^[\w-]+$/,
  )
})

test('refusals are logged by their request id, without a word of the payload', () => {
  const refused = service.logs
    .map((line) => JSON.parse(line))
    .filter(({ message }) => message === 'a request was refused')
  assert.ok(refused.length >= 10)
  for (const line of refused)
    assert.deepEqual(Object.keys(line), [
      'time',
      'level',
      'message',
      'requestId',
      'method',
      'path',
      'status',
      'elapsedMs',
    ])
})
