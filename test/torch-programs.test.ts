/** TorchScript, exported programs and classes of one's own through the whole service. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { assertTensor, decode, type Recorded } from './convert/torch/harness.ts'
import { FIXTURES } from './support/paths.ts'
import { type Answer, type Service, startService } from './support/service.ts'

const FOLDER = `${FIXTURES}script/2.15.0/`
const CLASSES = `${FIXTURES}make/`

interface Case {
  readonly files: readonly string[]
  readonly rows: readonly {
    readonly inputs: readonly Recorded[]
    readonly outputs: Readonly<Record<string, readonly Recorded[]>>
  }[]
}

const { cases } = JSON.parse(readFileSync(`${FOLDER}cases.json`, 'utf8')) as { cases: Record<string, Case> }

describe('programs of torch', () => {
  const cache = mkdtempSync(join(tmpdir(), 'torch-programs-'))
  const services: Service[] = []
  const start = async (file: string, env: NodeJS.ProcessEnv = {}): Promise<Service> => {
    const service = await startService({
      CLASSIC_INF_WORKFLOW_CLASS: 'TorchInferenceWorkflow',
      CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: FOLDER + file, cache_dir: cache }),
      TORCH_CLASS_PATH: CLASSES,
      ...env,
    })
    services.push(service)
    return service.ready()
  }
  after(async () => {
    await Promise.all(services.map((each) => each.close()))
    rmSync(cache, { recursive: true })
  })
  const ask = (service: Service, data: object): Promise<Answer> => service.post({ source: 1, data })
  const rowOf = (name: string) => (cases[name] as Case).rows[0]!

  for (const suffix of (cases.dicts3 as Case).files)
    test(`dicts3${suffix} takes inputs by place and by name, and answers an item an output`, async () => {
      const service = await start(`dicts3${suffix}`)
      const { inputs, outputs } = rowOf('dicts3')
      const given = inputs.map(said)
      for (const data of [{ inputs: given }, { inputs: { scale: given[2], x: given[0], y: given[1] } }]) {
        const { body } = await ask(service, data)
        assertLists(body.data, outputs.forward as readonly Recorded[])
      }
      const { status, body } = await ask(service, { inputs: { x: given[0], z: given[1] } })
      assert.equal(status, 400)
      assert.match(String(body.description), /\bz\b/)
    })

  for (const suffix of ['.script.pt', '.torch'])
    test(`methods${suffix} answers the method that is asked for`, async () => {
      const service = await start(`methods${suffix}`)
      const { inputs, outputs } = rowOf('methods')
      const [input] = inputs.map(said)
      for (const method of ['predict', 'decision_function', 'predict_proba']) {
        const { body } = await ask(service, { ...input, method })
        const rows = body.data as number[][]
        assertLists([rows.flat()], outputs[method] as readonly Recorded[])
      }
      const { status, body } = await ask(service, { ...input, method: 'transform' })
      assert.equal(status, 400)
      assert.match(String(body.description), /transform.*predict_proba/)
    })

  test('vectors in are vectors out, a tuple is flattened', async () => {
    const service = await start('tuples.pt2', { USE_JIT: 'true' })
    const { inputs, outputs } = rowOf('tuples')
    const { dims, data } = decode(inputs[0] as Recorded)
    const { body } = await ask(service, { inputs: [{ dtype: 1, shape: dims, values: [...(data as Float32Array)] }] })
    const vectors = body.result as { shape: number[]; values: number[] }[]
    assertLists(
      vectors.map(({ values }) => values),
      outputs.forward as readonly Recorded[],
    )
    assert.deepEqual(
      vectors.map(({ shape }) => shape),
      outputs.forward?.map(({ shape }) => shape),
    )
  })

  test('a class without its Python ends the start with what to do', async () => {
    const fatal = await new Promise<Error>((resolve, reject) => {
      const env = { CLASSIC_INF_WORKFLOW_CLASS: 'TorchInferenceWorkflow', CLASSIC_INF_WORKFLOW_KW_ARGS: KEYWORDS }
      startService(env, resolve).then((service) => services.push(service), reject)
    })
    assert.match(fatal.message, /child\.torch.*TORCH_CLASS_PATH/)
  })
})

const KEYWORDS = JSON.stringify({ model_path: `${FOLDER}child.torch` })

function said(input: Recorded): object {
  const { dims, data } = decode(input)
  return { dtype: 'float', values: nested([...(data as Float32Array)], dims) }
}

function nested(values: readonly number[], [size = 1, ...rest]: readonly number[]): unknown {
  if (rest.length === 0) return values
  const step = values.length / size
  return Array.from({ length: size }, (_, i) => nested(values.slice(i * step, (i + 1) * step), rest))
}

/** A flat list an output. */
function assertLists(lists: unknown, outputs: readonly Recorded[]): void {
  assert.equal((lists as unknown[]).length, outputs.length)
  outputs.forEach((output, i) => {
    const theirs = decode(output)
    const list = (lists as number[][])[i] as number[]
    const data = theirs.dtype === 'int64' ? BigInt64Array.from(list, BigInt) : Float32Array.from(list)
    assertTensor({ ...theirs, data }, theirs, `output ${i}`)
  })
}
