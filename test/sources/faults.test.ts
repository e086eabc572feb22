/** What a hub can do wrong, a row each: what arrives, how often it was asked, and what is said. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { InferError } from '../../src/errors.ts'
import { type Behaviour, cutAfter, type FakeHub, firstly, redirect, sha256, status } from './fake-hub.ts'
import { ID, on, type Stage, TIMEOUTS } from './setup.ts'

const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
const flipped = Buffer.from(FILE)
flipped[150_000]! ^= 1

const page: Behaviour = ({ response }) =>
  void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>log in</html>')
const stall: Behaviour = ({ response, file }) => {
  response.writeHead(200, { 'Content-Length': file.length })
  response.write(file.subarray(0, 100_000))
}
const silence: Behaviour = () => {}
const reset: Behaviour = ({ request }) => void request.socket.resetAndDestroy()

interface Row {
  readonly what: string
  readonly behaviour: Behaviour
  /** Requests for the file's bytes. */
  readonly reads: number
  /** Code and words of the error; undefined: the file is served. */
  readonly error?: readonly [code: string, words: RegExp]
  readonly lfs?: boolean
}

const rows: readonly Row[] = [
  { what: 'a good file', behaviour: ({ serve }) => serve(), reads: 1 },
  { what: 'a good small file, named as git does', behaviour: ({ serve }) => serve(), reads: 1, lfs: false },
  { what: 'one flipped bit, once', behaviour: firstly(1, ({ serve }) => serve(flipped)), reads: 2 },
  {
    what: 'one flipped bit, always',
    behaviour: ({ serve }) => serve(flipped),
    reads: 2,
    error: ['bad_model', new RegExp(`sha256 ${sha256(flipped)}, but .* says ${sha256(FILE)}`)],
  },
  {
    what: 'one flipped bit in a small file',
    behaviour: ({ serve }) => serve(flipped),
    reads: 2,
    lfs: false,
    error: ['bad_model', /git-sha1 [0-9a-f]{40}, but .* says [0-9a-f]{40}/],
  },
  {
    what: 'a shorter file',
    behaviour: ({ serve }) => serve(FILE.subarray(0, 1000)),
    reads: 6,
    error: ['unavailable', /sends 1000 bytes where the file has 300000/],
  },
  {
    what: 'a shorter file without a length',
    behaviour: ({ response }) => void response.writeHead(200).end(FILE.subarray(0, 1000)),
    reads: 6,
    error: ['unavailable', /sent 1000 bytes of 300000/],
  },
  {
    what: 'a longer file without a length',
    behaviour: ({ response }) => void response.writeHead(200).end(Buffer.concat([FILE, FILE])),
    reads: 1,
    error: ['bad_model', /more than the 300000 bytes/],
  },
  { what: 'a cut at 1 byte, then the rest', behaviour: firstly(1, cutAfter(1)), reads: 2 },
  { what: 'eight cuts that each bring some', behaviour: firstly(8, cutAfter(30_000)), reads: 9 },
  { what: 'a reset without an answer, twice', behaviour: firstly(2, reset), reads: 3 },
  { what: 'four of five 503', behaviour: firstly(4, status(503)), reads: 5 },
  {
    what: '500, 502 and 504 once each',
    behaviour: (e, n) => ([500, 502, 504][n - 1] ? status([500, 502, 504][n - 1]!)(e, n) : e.serve()),
    reads: 4,
  },
  { what: '503 for ever', behaviour: status(503), reads: 6, error: ['unavailable', /answers 503 .*after 6 tries/] },
  {
    what: '404',
    behaviour: status(404),
    reads: 1,
    error: ['bad_model', /huggingface\/o\/n:model.onnx does not exist/],
  },
  { what: '401', behaviour: status(401), reads: 1, error: ['bad_model', /may not be read/] },
  { what: 'a stall, then the rest', behaviour: firstly(1, stall), reads: 2 },
  { what: 'no answer, then the file', behaviour: firstly(1, silence), reads: 2 },
  { what: 'a log-in page with 200', behaviour: page, reads: 6, error: ['unavailable', /answers a web page/] },
  { what: 'a log-in page once', behaviour: firstly(1, page), reads: 2 },
  { what: 'an etag that is no hash', behaviour: ({ serve }) => serve(FILE, { ETag: '"v1"' }), reads: 1 },
  {
    what: 'an etag that names another file',
    behaviour: ({ serve }) => serve(FILE, { ETag: `"${sha256(flipped)}"` }),
    reads: 2,
    error: ['bad_model', /the etag of 127.0.0.1:\d+ says/],
  },
  {
    what: 'the whole file where a range was asked for',
    behaviour: (e, n) => (n === 1 ? cutAfter(1000)(e, n) : e.response.writeHead(200).end(FILE)),
    reads: 2,
  },
  {
    what: 'another range than was asked for',
    behaviour: (e, n) => {
      if (n === 1) cutAfter(1000)(e, n)
      else if (n === 2) e.response.writeHead(206, { 'Content-Range': 'bytes 5-299999/300000' }).end(FILE.subarray(5))
      else e.serve()
    },
    reads: 3,
  },
  {
    what: 'a file that changed between two ranges',
    behaviour: (e, n) => {
      if (n > 1 && e.request.headers.range) e.serve(flipped)
      else if (n === 1) cutAfter(1000)(e, n)
      else e.serve()
    },
    reads: 3,
  },
  {
    what: 'a gzip encoding',
    behaviour: ({ serve }) => serve(FILE, { 'Content-Encoding': 'gzip' }),
    reads: 6,
    error: ['unavailable', /gzip-encoded/],
  },
  {
    what: 'a redirect loop',
    behaviour: (e, n) => redirect(e.request.url!)(e, n),
    reads: 6,
    error: ['bad_model', /redirects more than 5/],
  },
  {
    what: 'a redirect to nowhere',
    behaviour: redirect('http://['),
    reads: 1,
    error: ['bad_model', /redirects to no address/],
  },
]

describe('a hub that', () => {
  for (const { what, behaviour, reads, error, lfs = true } of rows) {
    const run = async ({ hub, resolver, landed }: Stage): Promise<void> => {
      hub.behaviour = behaviour
      hub.lfs = lfs
      const asked = resolver.forWorkflow(ID)
      if (error) {
        const thrown = await asked.then(
          () => assert.fail('served'),
          (e: unknown) => e,
        )
        assert.ok(thrown instanceof InferError, String(thrown))
        assert.match(thrown.message, error[1])
        assert.equal(thrown.code, error[0])
        assert.ok(!landed().includes('model.onnx'))
      } else {
        assert.deepEqual(readFileSync(await asked), FILE)
        assert.deepEqual(landed(), ['model.onnx'])
      }
      assert.equal(hub.reads, reads)
    }
    test(`sends ${what}`, on(run, FILE))
  }
})

describe('a hub that trickles', () => {
  /** So many bytes every 10 ms, for as long as the other side listens. */
  const trickle =
    (bytes: number): Behaviour =>
    ({ response, file, request }) => {
      let at = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const range = at > 0 ? { 'Content-Range': `bytes ${at}-${file.length - 1}/${file.length}` } : {}
      response.writeHead(at > 0 ? 206 : 200, { 'Content-Length': file.length - at, ...range })
      const timer = setInterval(() => {
        response.write(file.subarray(at, at + bytes))
        at += bytes
        if (at >= file.length) response.end()
      }, 10)
      response.on('close', () => clearInterval(timer))
    }
  test(
    'is given up after its tries, though each brought some bytes',
    on(async ({ hub, another, logs }) => {
      hub.behaviour = trickle(2)
      const resolver = another({}, { timeouts: { ...TIMEOUTS, paceMs: 100 } })
      await assert.rejects(resolver.forWorkflow(ID), {
        code: 'unavailable',
        message: /^127\.0\.0\.1:\d+: no more than \d+ bytes in \d+ ms, after 6 tries$/,
      })
      assert.equal(hub.reads, 6)
      assert.match(logs.join(''), /a download failed/)
    }, FILE),
  )
  test(
    'but is no slower than a bad line is borne with',
    on(async ({ hub, another }) => {
      hub.behaviour = trickle(6000)
      const resolver = another({}, { timeouts: { ...TIMEOUTS, paceMs: 100 } })
      assert.deepEqual(readFileSync(await resolver.forWorkflow(ID)), FILE)
      assert.equal(hub.reads, 1)
    }, FILE),
  )
})

describe('a hub whose API', () => {
  const asks = (what: string, api: FakeHub['api'], words?: RegExp, code = 'unavailable') =>
    test(
      what,
      on(async ({ hub, resolver }) => {
        hub.api = api
        const asked = resolver.forWorkflow(ID)
        if (words) await assert.rejects(asked, (e: InferError) => words.test(e.message) && e.code === code)
        else await asked
      }),
    )
  let calls = 0
  asks('answers 503 twice', (_request, response, next) => (++calls <= 2 ? response.writeHead(503).end() : next()))
  asks('answers HTML with 200', (_q, response) => response.end('<html>'), /does not answer as a hub does/)
  asks('answers null', (_q, response) => response.end('null'), /does not answer as a hub does/)
  asks('names no commit', (_q, response) => response.end('{"sha": "../.."}'), /does not say which commit/)
  asks('answers 401', (_q, response) => response.writeHead(401).end(), /may not be read .*HF_TOKEN/, 'bad_model')
  asks('answers 404', (_q, response) => response.writeHead(404).end(), /does not exist/, 'bad_model')
  asks(
    'never ends',
    (_q, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(1 << 20)), 1)
      response.on('close', () => clearInterval(more))
    },
    /more than \d+ bytes/,
    'bad_model',
  )
  asks('is silent', () => {}, /no answer within 500 ms, after 6 tries/)
})

describe('waiting', () => {
  test(
    'is as long as Retry-After says',
    on(async ({ hub, resolver }) => {
      hub.behaviour = firstly(1, status(429, { 'Retry-After': '1' }))
      const startedAt = performance.now()
      await resolver.forWorkflow(ID)
      assert.ok(performance.now() - startedAt >= 1000)
    }),
  )
})
