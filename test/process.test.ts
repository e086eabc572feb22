/** The process as an operator sees it: start, mistakes, stop. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { FakeHub } from './sources/fake-hub.ts'
import { FIXTURES, ROOT } from './support/paths.ts'
import { type Run, run } from './support/process.ts'

const runs: Run[] = []
after(() => {
  for (const { child } of runs) child.kill('SIGKILL')
})
const start = (args: readonly string[], env?: NodeJS.ProcessEnv, cwd?: string): Run => {
  const started = run(args, env, cwd)
  runs.push(started)
  return started
}

const documented = readFileSync(`${FIXTURES}default-request.json`, 'utf8')
const behaviours = { CLASSIC_INF_WORKFLOW_CLASS: `${FIXTURES}workflows/behaviours.ts#Behaviours` }
/** A zombie that nobody has reaped yet has ended, too. */
function alive(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.trim()
  return state !== '' && !state.startsWith('Z')
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function post(port: number, body: string): Promise<number> {
  const headers = { 'Content-Type': 'application/json' }
  return (await fetch(`http://127.0.0.1:${port}/service_output`, { method: 'POST', headers, body })).status
}

describe('a configuration mistake is one line and a non-zero exit:', () => {
  const check = (name: string, args: readonly string[], env: NodeJS.ProcessEnv, ...lines: RegExp[]): void => {
    test(name, async () => {
      const { ended, stderr } = start(args, env)
      assert.notEqual(await ended, 0)
      const text = stderr.join('').trim().split('\n')
      assert.equal(text.length, lines.length, stderr.join(''))
      for (const [i, line] of lines.entries()) assert.match(text[i] as string, line)
    })
  }
  check('a flag spelled wrong', ['--wrokers=2'], {}, /--wrokers is no flag of this server/)
  check('a command that is none', ['serv'], {}, /serv is no command/)
  check('no number', ['--workers=two'], {}, /--workers is two/)
  check('no address', ['--bind=a:b:c'], {}, /--bind is a:b:c/)
  check('a port without its colon', ['--bind', '70000'], {}, /^infernet-classic: --bind is 70000; say HOST:PORT/)
  check('a flag of serve spelled wrong', ['serve', '--ofline'], {}, /^infernet-classic: --ofline is no flag/)
  check('nothing to fetch', ['fetch'], {}, /^infernet-classic: fetch needs at least one model id: storage\/owner/)
  check('nothing to check', ['check'], {}, /^infernet-classic: check needs at least one model file$/)
  check(
    'mistakes of all kinds, at once',
    ['serve', '--bind', ':99999'],
    {
      PORT: 'http',
      LOG_LEVEL: 'verbose',
      REQUEST_TIMEOUT_MS: '30s',
      CACHE_LIMIT_BYTES: '10GB',
      OPEN_MODELS_LIMIT_BYTES: '-1',
      ONNX_MODEL_LRU_CACHE_SIZE: 'many',
      HF_ENDPOINT: 'nota//url',
      HF_HUB_OFFLINE: 'maybe',
    },
    /^infernet-classic: PORT is http; say a whole number from 0 to 65535$/,
    /^LOG_LEVEL is verbose; say debug, info, warn or error$/,
    /^REQUEST_TIMEOUT_MS is 30s; say a whole number from 1 to 86400000$/,
    /^CACHE_LIMIT_BYTES is 10GB; say a whole number from 0 to \d+$/,
    /^OPEN_MODELS_LIMIT_BYTES is -1; say/,
    /^ONNX_MODEL_LRU_CACHE_SIZE is many; say a whole number$/,
    /^--bind is :99999; say/,
    /^HF_HUB_OFFLINE is maybe; say true or false$/,
    /^HF_ENDPOINT is nota\/\/url; say https:\/\/HOST$/,
  )
  check(
    'all mistakes at once',
    ['-w', '0'],
    { PORT: '99999', TORCH_CAST: 'maybe', CHAIN_ECHO_INPUT: 'perhaps' },
    /PORT is 99999/,
    /TORCH_CAST is maybe/,
    /CHAIN_ECHO_INPUT is perhaps/,
    /--workers is 0/,
  )
  check(
    'arguments that are no list',
    [],
    { CLASSIC_INF_WORKFLOW_POSITIONAL_ARGS: '{"a": 1}' },
    /POSITIONAL_ARGS is \{"a": 1\}; say a JSON list/,
  )
  check('an env file that is not there', ['--env-file', '/no/such.env'], {}, /\/no\/such\.env/)
  check(
    'a class that is not there',
    ['--bind=127.0.0.1:0'],
    { CLASSIC_INF_WORKFLOW_CLASS: 'ml.nothing.Workflow' },
    /Unable to import specified Workflow class ml\.nothing\.Workflow/,
  )
  check(
    'a model that is not there',
    ['--bind=127.0.0.1:0'],
    { TORCH_DEFAULT_MODEL_ID: '/no/model.onnx' },
    /the model file \/no\/model\.onnx does not exist/,
  )
  check(
    'a class without a model',
    ['--bind=127.0.0.1:0'],
    { CLASSIC_INF_WORKFLOW_CLASS: 'TorchInferenceWorkflow' },
    /no model is configured by \{\}: name one with/,
  )
  check(
    'a model id that is none',
    ['--bind=127.0.0.1:0'],
    { ONNX_DEFAULT_MODEL_ID: 'some/invalid' },
    /Invalid unique id: some\/invalid/,
  )

  test('a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await sleep(50)
    const { port } = taken.address() as { port: number }
    const { ended, stderr } = start([`--bind=127.0.0.1:${port}`])
    assert.notEqual(await ended, 0)
    assert.match(stderr.join(''), /EADDRINUSE/)
    taken.close()
  })

  test('a file of another format, named', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'model-')), 'model.torch')
    writeFileSync(path, Buffer.from('504b0304000000', 'hex'))
    const { ended, stderr } = start(['--bind=127.0.0.1:0'], { TORCH_DEFAULT_MODEL_ID: path })
    assert.notEqual(await ended, 0)
    assert.match(stderr.join(''), /is no model: a zip that is cut short/)
  })
})

test("it binds at once, in hypercorn's spellings, and the documented request is answered", async () => {
  const running = start([
    '-b',
    '127.0.0.1:0',
    '-w2',
    '--access-logfile',
    '-',
    '--log-level',
    'info',
    '--keep-alive=5',
    '-k',
    'uvloop',
  ])
  const port = await running.port()
  assert.equal(await post(port, documented), 200)
  assert.match(running.stdout.join(''), /ignored","flags":\["--log-level","--keep-alive","-k"\]/)
  await sleep(100)
  assert.match(running.stdout.join(''), /a request was answered/)
  running.child.kill('SIGTERM')
  assert.equal(await running.ended, 0)
})

test('SIGTERM: 30 requests in flight and 10 idle connections that then send; none fails, exit 0', async () => {
  const running = start(['--bind=127.0.0.1:0', '--workers=2'], { ...behaviours })
  const port = await running.port()
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const send = (data: object): Promise<number> =>
    new Promise((resolve) => {
      const headers = { 'Content-Type': 'application/json' }
      const outgoing = request(
        { port, host: '127.0.0.1', path: '/service_output', method: 'POST', headers, agent },
        (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode as number))
        },
      )
      outgoing.on('error', () => resolve(0))
      outgoing.end(JSON.stringify({ source: 1, data }))
    })
  await Promise.all(Array.from({ length: 40 }, () => send({})))
  const inFlight = Array.from({ length: 30 }, (_, i) => send({ action: 'wait', value: 20 + 5 * i }))
  await sleep(100)
  running.child.kill('SIGTERM')
  await sleep(2)
  const late = Array.from({ length: 10 }, () => send({}))
  assert.deepEqual(new Set(await Promise.all([...inFlight, ...late])), new Set([200]))
  assert.equal(await running.ended, 0, running.stdout.join(''))
  agent.destroy()
})

test('the inference processes end with the front, even when it is killed', async () => {
  const running = start(['--bind=127.0.0.1:0', '--workers=2'], behaviours)
  const port = await running.port()
  const answer = await fetch(`http://127.0.0.1:${port}/service_output`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"source":1,"data":{"action":"pid"}}',
  })
  const { pid } = (await answer.json()) as { pid: number }
  running.child.kill('SIGKILL')
  await running.ended
  await sleep(500)
  assert.equal(alive(pid), false)
})

describe('nothing is contacted', { skip: process.platform !== 'linux' && 'needs Linux' }, () => {
  test('the inference processes are told to report nothing', async () => {
    const running = start(['--bind=127.0.0.1:0'], { ...behaviours, HF_TOKEN: 'a-secret' })
    const port = await running.port()
    const answer = await fetch(`http://127.0.0.1:${port}/service_output`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"source":1,"data":{"action":"pid"}}',
    })
    const { pid } = (await answer.json()) as { pid: number }
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    assert.ok(environment.includes('ORT_DISABLE_TELEMETRY=1'))
    assert.ok(!environment.some((variable) => variable.includes('a-secret')))
    running.child.kill('SIGKILL')
  })

  const strace = ['/usr/bin/strace', '/usr/local/bin/strace'].find((path) => existsSync(path))
  test('by no system call of any process', { skip: !strace && 'strace is not installed' }, async () => {
    const trace = join(mkdtempSync(join(tmpdir(), 'trace-')), 'calls')
    const node = [
      process.execPath,
      '--import',
      import.meta.resolve('tsx'),
      `${ROOT}src/main.ts`,
      'check',
      `${ROOT}workflows/default/model.onnx`,
    ]
    spawnSync(strace as string, ['-f', '-e', 'trace=connect,sendto,sendmsg', '-o', trace, ...node], {
      env: { PATH: process.env.PATH },
    })
    const calls = readFileSync(trace, 'utf8')
    assert.match(calls, /exited with 0/)
    assert.doesNotMatch(calls, /AF_INET/)
  })
})

describe('a model of a hub', () => {
  const served = async (): Promise<{ hub: FakeHub; env: NodeJS.ProcessEnv }> => {
    const hub = await new FakeHub().start()
    hub.files.set('model.onnx', readFileSync(`${FIXTURES}onnx/rank1.onnx`))
    const env = {
      ONNX_DEFAULT_MODEL_ID: 'huggingface/o/n:model.onnx',
      ONNX_CACHE_DIR: mkdtempSync(join(tmpdir(), 'cache-')),
      HF_HOME: mkdtempSync(join(tmpdir(), 'hub-')),
      HF_ENDPOINT: hub.url,
    }
    return { hub, env }
  }
  const body = '{"source":1,"data":{"x":[[1,2.5]]}}'

  test('is downloaded once for two processes, and is then there without the hub', async () => {
    const { hub, env } = await served()
    const first = start(['--bind=127.0.0.1:0', '--workers=2'], env)
    assert.equal(await post(await first.port(), body), 200)
    assert.equal(hub.reads, 1)
    first.child.kill('SIGTERM')
    await first.ended
    await hub.stop()
    const second = start(['--bind=127.0.0.1:0', '--offline'], env)
    assert.equal(await post(await second.port(), body), 200)
    second.child.kill('SIGKILL')
  })

  test('is fetched ahead by a command', async () => {
    const { hub, env } = await served()
    const fetching = start(['fetch', 'huggingface/o/n:model.onnx', 'huggingface/o/n:absent.onnx'], env)
    assert.equal(await fetching.ended, 1)
    assert.match(
      fetching.stdout.join(''),
      /^ok {6}huggingface\/o\/n:model\.onnx {2}\S+\/huggingface\/o\/n\/default\/model\.onnx$/m,
    )
    assert.match(fetching.stdout.join(''), /^FAILED {2}huggingface\/o\/n:absent\.onnx: /m)
    await hub.stop()
  })

  const script = ['/usr/bin/script', '/bin/script'].find((path) => existsSync(path))
  test('shows how far its download is on a terminal', { skip: !script && 'script is not installed' }, async () => {
    const { hub, env } = await served()
    hub.files.set('model.onnx', Buffer.alloc(2_000_000))
    hub.behaviour = ({ response, file }) => {
      response.writeHead(200, { 'Content-Length': file.length }).write(file.subarray(0, 1_000_000))
      setTimeout(() => response.end(file.subarray(1_000_000)), 500)
    }
    const command = `'${process.execPath}' --import '${import.meta.resolve('tsx')}' '${ROOT}src/main.ts' fetch huggingface/o/n:model.onnx`
    const typed = spawn(script as string, ['-qec', command, '/dev/null'], { env: { PATH: process.env.PATH, ...env } })
    let screen = ''
    typed.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text
    })
    const [code] = await once(typed, 'close')
    assert.equal(code, 0, screen)
    assert.match(screen.replaceAll('\x1b', 'ESC'), /\rESC\[2K\[=+ *\] {2}50 % {2}1\.00 MB of 2\.00 MB/)
    assert.match(screen.replaceAll('\x1b', 'ESC'), /\rESC\[2Kok {6}huggingface/)
    await hub.stop()
  })

  test('is waited for while the hub fails, and /ready says why', async () => {
    const { hub, env } = await served()
    hub.api = (_request, response) => void response.writeHead(503).end()
    const running = start(['--bind=127.0.0.1:0'], { ...env, REQUEST_TIMEOUT_MS: '60000' })
    const port = await running.port()
    const waiting = post(port, body)
    const until = Date.now() + 40_000
    let reason = ''
    while (Date.now() < until && !/503/.test(reason)) {
      await sleep(200)
      reason = ((await (await fetch(`http://127.0.0.1:${port}/ready`)).json()) as { description: string }).description
    }
    assert.match(reason, /503/)
    hub.api = undefined
    assert.equal(await waiting, 200)
    running.child.kill('SIGKILL')
    await hub.stop()
  })
})

describe('check', () => {
  test('prints the largest difference of each model and method', async () => {
    const { ended, stdout } = start([
      'check',
      'workflows/default/model.onnx',
      'test/fixtures/onnx/two-in-three-out.onnx',
    ])
    assert.equal(await ended, 0)
    assert.match(stdout.join(''), /ok {6}\S+default\/model\.onnx {2}forward {2}largest difference \d/)
    assert.match(stdout.join(''), /ok {6}\S+two-in-three-out\.onnx {2}positive {2}largest difference 0 over 2 samples/)
  })
  test('fails when one is out of tolerance, and says which', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'check-'))
    const samples = JSON.parse(readFileSync(`${FIXTURES}onnx/rank1.samples.json`, 'utf8')) as {
      samples: { outputs: { y: number[] } }[]
    }
    ;(samples.samples[0] as { outputs: { y: number[] } }).outputs.y[0] = 12345
    writeFileSync(join(directory, 'model.onnx'), readFileSync(`${FIXTURES}onnx/rank1.onnx`))
    writeFileSync(join(directory, 'model.samples.json'), JSON.stringify(samples))
    const { ended, stdout } = start(['check', join(directory, 'model.onnx')])
    assert.equal(await ended, 1)
    assert.match(stdout.join(''), /FAILED .*sample 0: value 0 is .*, expected 12345/)
  })
  test('fails for a file without samples', async () =>
    assert.equal(await start(['check', 'test/fixtures/onnx/hang.onnx']).ended, 1))
})

test('golden samples that are not reproduced keep the server from answering, and /ready says why', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'golden-'))
  writeFileSync(join(directory, 'model.onnx'), readFileSync(`${FIXTURES}onnx/rank1.onnx`))
  writeFileSync(
    join(directory, 'model.onnx.samples.json'),
    JSON.stringify({ samples: [{ input: { x: [[1, 2]] }, outputs: { y: [-1] } }] }),
  )
  const running = start(['--bind=127.0.0.1:0'], { ONNX_DEFAULT_MODEL_ID: join(directory, 'model.onnx') })
  const port = await running.port()
  assert.equal(await post(port, '{"source":1,"data":{"x":[[1,2]]}}'), 503)
  const ready = await fetch(`http://127.0.0.1:${port}/ready`)
  assert.equal(ready.status, 503)
  assert.match(
    ((await ready.json()) as { description: string }).description,
    /does not reproduce its golden samples .* expected -1/,
  )
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200)
  running.child.kill('SIGTERM')
  await running.ended
})
