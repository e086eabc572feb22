/** Every code block of the README is run, or held against what it speaks of. A block that nobody claims fails. */
import assert from 'node:assert/strict'
import { execFile, execSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { readArguments } from '../src/cli/args.ts'
import { FIXTURES, ROOT } from './support/paths.ts'
import { run } from './support/process.ts'
import { type Service, startService } from './support/service.ts'

const readme = readFileSync(`${ROOT}README.md`, 'utf8')
const scripts = (JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> }).scripts
const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const services: Service[] = []
after(() => Promise.all(services.map((service) => service.close())))

async function start(env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const service = await startService(env)
  services.push(service)
  return service.ready()
}

interface Claim {
  readonly name: string
  readonly matches: RegExp
  readonly check: (text: string) => Promise<void> | void
}

let answered = ''
let tables: Service | undefined
let inspected = ''

const CLAIMS: readonly Claim[] = [
  {
    name: 'the set-up',
    matches: /^npm ci && npm start/,
    check: () => {
      assert.match(scripts.start ?? '', /dist\/src\/main\.js serve$/)
      assert.match(readFileSync(`${ROOT}.npmrc`, 'utf8'), /^ignore-scripts=true$/m)
    },
  },
  {
    name: 'the documented request',
    matches: /^curl [^{]*\{"source": 1, "data": \{"bot"/,
    check: async (text) => {
      const service = await start()
      const command = text.replace('http://localhost:3000', service.url)
      answered = (await promisify(execFile)('sh', ['-c', command])).stdout
      assert.equal(typeof JSON.parse(answered).data[0][0], 'number')
      const body = JSON.parse(/-d '([\s\S]*)'/.exec(text)?.[1] ?? '')
      assert.deepEqual(body, JSON.parse(readFileSync(`${FIXTURES}default-request.json`, 'utf8')))
    },
  },
  {
    name: 'its answer',
    matches: /^\{"data"/,
    check: (text) => {
      const [ours, theirs] = [answered, text].map((json) => JSON.parse(json).data[0][0] as number) as [number, number]
      assert.ok(Math.abs(ours - theirs) <= 1e-9, `${ours} is not ${theirs}`)
    },
  },
  {
    name: 'docker run',
    matches: /^docker build/,
    check: (text) => {
      const [, file, flags = ''] = /--env-file (\S+) \S+ (.*)$/m.exec(text) ?? []
      assert.ok(existsSync(`${ROOT}${file}`))
      assert.deepEqual(readArguments(flags.trim().split(' ')).overrides, { bind: ['0.0.0.0:3000'], workers: '2' })
    },
  },
  {
    name: 'the table model',
    matches: /^CLASSIC_INF_WORKFLOW_CLASS=Sklearn/,
    check: async (text) => {
      const [, name = ''] = /CLASS=(\w+)/.exec(text) ?? []
      const [, kwargs = ''] = /KW_ARGS='(.*)' npm start/.exec(text) ?? []
      tables = await start({ CLASSIC_INF_WORKFLOW_CLASS: name, CLASSIC_INF_WORKFLOW_KW_ARGS: kwargs })
    },
  },
  {
    name: 'rows for it',
    matches: /^curl [^{]*\{"source": 1, "data": \{"method"/,
    check: async (text) => {
      const command = text.replace('http://localhost:3000', tables?.url ?? '')
      const answer = JSON.parse((await promisify(execFile)('sh', ['-c', command])).stdout)
      assert.deepEqual(answer.outputs.predict, [['leaves'], ['stays']])
      assert.deepEqual(answer.classes, ['leaves', 'stays'])
    },
  },
  {
    name: 'convert',
    matches: /^npm run convert --/,
    check: async (text) => {
      const converting = run(['convert', ...text.trim().split(' ').slice(4)])
      assert.equal(await converting.ended, 1)
      assert.match(converting.stdout.join(''), /predict: ONNX cannot say .*one-hot/)
    },
  },
  {
    name: 'golden samples of an estimator',
    matches: /^import joblib, json, sklearn/,
    check: (text) => {
      assert.match(text, /"samples": \[sample\]/)
      const script = readFileSync(`${FIXTURES}make/churn_model.py`, 'utf8')
      assert.match(script, /README\.md.*\n.*exec\(|exec\(/)
      const { made_with, samples } = JSON.parse(readFileSync(`${ROOT}workflows/default/churn.samples.json`, 'utf8'))
      assert.deepEqual(Object.keys(samples[0]), ['input', 'outputs'])
      assert.deepEqual(Object.keys(made_with), ['scikit-learn'])
    },
  },
  {
    name: 'golden samples',
    matches: /^\{"samples"/,
    check: async (text) => {
      const directory = mkdtempSync(join(tmpdir(), 'readme-'))
      const model = join(directory, 'model.onnx')
      writeFileSync(model, readFileSync(`${FIXTURES}onnx/rank1.onnx`))
      writeFileSync(join(directory, 'model.samples.json'), text)
      const { ended, stdout } = run(['check', model])
      assert.equal(await ended, 0, stdout.join(''))
    },
  },
  {
    name: 'check',
    matches: /^npm run check --/,
    check: async (text) => {
      const checking = run(['check', ...text.trim().split(' ').slice(4)])
      assert.equal(await checking.ended, 0, checking.stdout.join(''))
    },
  },
  {
    name: 'inspect',
    matches: /^npm run inspect --/,
    check: async (text) => {
      const inspecting = run(['inspect', ...text.trim().split(' ').slice(4)])
      assert.equal(await inspecting.ended, 0)
      inspected = inspecting.stdout.join('')
    },
  },
  {
    name: 'what it says',
    matches: /^workflows\/default\/model\.onnx {2}/,
    check: (text) => assert.equal(inspected.trimEnd(), text.trimEnd()),
  },
  {
    name: 'a workflow',
    matches: /^import \{ Workflow \}/,
    check: async (text) => {
      const file = join(mkdtempSync(join(tmpdir(), 'readme-')), 'greeter.mts')
      writeFileSync(file, text.replace("'infernet-classic'", `'${ROOT}src/index.ts'`))
      const service = await start({
        CLASSIC_INF_WORKFLOW_CLASS: `${file}#Greeter`,
        CLASSIC_INF_WORKFLOW_KW_ARGS: '{"greeting": "Salve"}',
      })
      assert.deepEqual((await service.post({ source: 1, data: { name: 'Ada' } })).body, { greeting: 'Salve, Ada!' })
    },
  },
  {
    name: 'a derived image',
    matches: /^FROM infernet-classic/,
    check: (text) => {
      assert.match(text, /COPY .*workflows\//)
      assert.match(text, /CLASSIC_INF_WORKFLOW_CLASS=greeter\.Greeter/)
      assert.match(readFileSync(`${ROOT}Dockerfile`, 'utf8'), /^ENTRYPOINT \["node", "\/app\/dist\/src\/main\.js"\]$/m)
    },
  },
  {
    name: 'the bench',
    matches: /^npm run bench/,
    check: () => assert.ok(existsSync(`${ROOT}test/bench/bench.ts`) && scripts.bench),
  },
  {
    name: 'the bench of models',
    matches: /^BENCH_PYTHON=python3 npm run bench -- --torch$/m,
    check: (text) => {
      const bench = (scripts.bench as string).split('&&').at(-1)?.trim() as string
      const flags = text.trim().split(' -- ')[1]
      const env = { ...process.env, BENCH_PYTHON: '/none/python3' }
      const said = execSync(`${bench} ${flags} --main src/main.ts`, { cwd: ROOT, env, encoding: 'utf8' })
      assert.match(said, /torch models are left out/)
    },
  },
]

describe('the README', () => {
  for (const { text } of blocks) {
    const claim = CLAIMS.find(({ matches }) => matches.test(text))
    test(claim?.name ?? text.split('\n')[0], async () => {
      assert.ok(claim, 'no test claims this block')
      await claim.check(text)
    })
  }
  test('has every block that is tested', () => {
    for (const { name, matches } of CLAIMS)
      assert.ok(
        blocks.some(({ text }) => matches.test(text)),
        name,
      )
  })
  test('names every variable that is read, and no other', () => {
    const named = new Set(
      [...readme.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+|PORT|WORKERS)`/g)].map(([, name]) => name as string),
    )
    const source = ['config.ts', 'serving.ts', 'sources/settings.ts']
      .map((file) => readFileSync(`${ROOT}src/${file}`, 'utf8'))
      .join('\n')
    const env = /const Env = z\.object\(\{([\s\S]*?)^\}\)/m.exec(source)?.[1] ?? ''
    for (const [, knob] of env.matchAll(/^ {2}([A-Z_]+):/gm))
      assert.ok(named.has(knob as string), `${knob} is not in the README`)
    for (const name of named)
      assert.ok(source.includes(name.replace(/^CLASSIC_INF_/, '')), `${name} is in the README only`)
  })
  test('links to what is there', () => {
    for (const [, path] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      assert.ok(existsSync(join(ROOT, path as string)), path)
  })
})
