/** Table models through the whole service: every form of request, the words of the answers, and the mistakes. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { FIXTURES, ROOT } from './support/paths.ts'
import { type Answer, type Service, startService } from './support/service.ts'

const services: Service[] = []
after(() => Promise.all(services.map((service) => service.close())))

async function start(model_path: string, kwargs: object = {}): Promise<Service> {
  const service = await startService({
    CLASSIC_INF_WORKFLOW_CLASS: 'SklearnInferenceWorkflow',
    CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path, ...kwargs }),
  })
  services.push(service)
  return service.ready()
}

const fixture = (family: string, name: string): string => `${FIXTURES}sklearn/1.9/${family}/${name}.joblib`
const customer = { age: 31, city: 'Rome', plan: 'plus', calls: 5, minutes: 80.5 }

describe('the embedded table model', () => {
  let service: Service
  before(async () => {
    service = await start(`${ROOT}workflows/default/churn.joblib`)
  })
  const post = (data: object): Promise<Answer> => service.post({ source: 1, data })
  const refuses = (name: string, data: object, message: RegExp) =>
    test(name, async () => {
      const { status, body } = await post(data)
      assert.equal(status, 400)
      assert.match(String(body.description), message)
    })

  test('is ready by its golden samples, and tells the largest difference', async () => {
    const { body } = await service.get('/')
    assert.equal(body.ready, true)
    assert.ok((body.golden_difference as number) < 1e-12)
    assert.deepEqual(body.methods, ['predict', 'predict_proba', 'predict_log_proba', 'decision_function'])
  })
  test('answers records in any order of their keys as it answers columns and values', async () => {
    const { city, age, ...rest } = customer
    const answers = await Promise.all([
      post({ records: [customer], method: 'predict_proba' }),
      post({ records: [{ ...rest, city, age }], method: 'predict_proba' }),
      post({
        columns: Object.fromEntries(Object.entries(customer).map(([name, cell]) => [name, [cell]])),
        method: 'predict_proba',
      }),
      post({ dtype: 'double', values: [Object.values(customer)], method: 'predict_proba' }),
    ])
    for (const { text } of answers) assert.equal(text, answers[0]?.text)
    assert.deepEqual(answers[0]?.body.classes, ['leaves', 'stays'])
  })
  test('answers labels as they were trained, a list for each row', async () => {
    const { body } = await post({ records: [customer, { ...customer, plan: 'family', calls: 0 }] })
    assert.deepEqual(body, { data: [['leaves'], ['stays']] })
  })
  test('answers several methods by name, with the classes of their columns', async () => {
    const { body } = await post({ records: [customer], method: ['predict', 'predict_proba'] })
    const outputs = body.outputs as Record<string, unknown[][]>
    assert.deepEqual(Object.keys(outputs), ['predict', 'predict_proba'])
    assert.deepEqual(outputs.predict, [['leaves']])
    assert.equal(outputs.predict_proba?.[0]?.length, 2)
    assert.deepEqual(body.classes, ['leaves', 'stays'])
  })
  test('takes a missing key for a missing value, and a category that nobody knows for none', async () => {
    const { age: _age, ...rest } = customer
    const [absent, missing] = await Promise.all([
      post({ records: [rest] }),
      post({ records: [{ ...rest, age: null }] }),
    ])
    assert.equal(absent.status, 200)
    assert.equal(absent.text, missing.text)
    assert.equal((await post({ records: [{ ...customer, city: 'Atlantis' }] })).status, 200)
  })
  test('reads text that spells a number as Python does, where a number is wanted', async () => {
    const [spelled, missing, city] = await Promise.all([
      post({ records: [{ ...customer, age: ' NaN ' }] }),
      post({ records: [{ ...customer, age: null }] }),
      post({ records: [{ ...customer, city: 'Infinity' }] }),
    ])
    assert.equal(spelled.text, missing.text)
    assert.equal(city.status, 200)
  })
  refuses(
    'an infinity',
    { records: [{ ...customer, age: '-inf' }] },
    /row 0 has "-inf" in column age, which \S+ does not take/,
  )
  refuses('a number of columns', { dtype: 'double', values: [[1, 2]] }, /takes 5 columns; the request gives 2/)
  refuses('text for a number', { records: [{ ...customer, age: 'old' }] }, /row 0 has "old" in column age/)
  refuses(
    'a method',
    { records: [customer], method: 'transform' },
    /data\.method is "transform"; this model has predict,/,
  )
  refuses('labels in a vector', { columns: {} }, /data\.columns is empty/)
  refuses('nothing', {}, /data has no keys/)
  refuses('a bare list', { input: [1, 2] }, /./)
})

describe('other table models', () => {
  test('a RitualVector is answered by one, also on chain', async () => {
    const service = await start(fixture('linear', 'logistic_pair'))
    const input = { dtype: 2, shape: [1, 4], values: [5.1, 3.5, 1.4, 0.2] }
    const { body } = await service.post({ source: 1, data: { input, method: 'predict_proba' } })
    assert.deepEqual([body.dtype, body.shape], [2, [1, 2]])
    const several = await service.post({ source: 1, data: { input, method: ['predict', 'predict_proba'] } })
    assert.match(String(several.body.description), /a vector answers one method/)
  })
  test('a method that the workflow names is the default, and has to be there', async () => {
    const path = `${ROOT}workflows/default/churn.joblib`
    const service = await start(path, { method: ['predict_proba'] })
    const { body } = await service.post({ source: 1, data: { records: [customer] } })
    assert.deepEqual(body.classes, ['leaves', 'stays'])
    await assert.rejects(
      async () => {
        let fatal: Error | undefined
        const broken = await startService(
          {
            CLASSIC_INF_WORKFLOW_CLASS: 'SklearnInferenceWorkflow',
            CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: path, method: 'transform' }),
          },
          (error) => {
            fatal = error
          },
        )
        services.push(broken)
        while (!fatal) await new Promise((resolve) => setTimeout(resolve, 20))
        throw fatal
      },
      { message: /method is transform; the model has predict, / },
    )
  })
  test('is not served where its golden samples do not come out', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'golden-'))
    const samples = JSON.parse(readFileSync(`${ROOT}workflows/default/churn.samples.json`, 'utf8'))
    samples.samples[0].outputs.predict_proba[0][0] += 1e-6
    writeFileSync(join(directory, 'churn.joblib'), readFileSync(`${ROOT}workflows/default/churn.joblib`))
    writeFileSync(join(directory, 'churn.samples.json'), JSON.stringify(samples))
    await assert.rejects(start(join(directory, 'churn.joblib')), /does not reproduce its golden samples/)
  })
})
