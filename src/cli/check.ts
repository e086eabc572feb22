import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { inspectFile } from '../bounded-file.ts'
import { readConfig } from '../config.ts'
import { InferError } from '../errors.ts'
import type { Format } from '../formats/detect.ts'
import { type Comparison, checkSamples, samplesPath, usesForward } from '../infernet/golden.ts'
import { createLog } from '../log.ts'
import { startServing } from '../serving.ts'

/**
 * `check FILE...`: runs the golden samples beside each model.
 * @returns the exit code: 0 when every sample of every file is within its tolerance
 */
export async function check(
  files: readonly string[],
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
): Promise<number> {
  if (files.length === 0) throw new InferError('bad_request', 'check needs at least one model file')
  let failures = 0
  for (const file of files) {
    const lines = await checkFile(resolve(file), env)
    for (const line of lines) print(line.text)
    failures += lines.filter(({ passed }) => !passed).length
  }
  return failures === 0 ? 0 : 1
}

interface Line {
  readonly text: string
  readonly passed: boolean
}

async function checkFile(file: string, env: NodeJS.ProcessEnv): Promise<Line[]> {
  try {
    const comparisons = await runSamples(file, env)
    const methods = [...new Set(comparisons.map(({ method }) => method))]
    if (methods.length === 0) throw new InferError('bad_model', 'its samples file holds no samples')
    return methods.map((method) =>
      summary(
        file,
        method,
        comparisons.filter((comparison) => comparison.method === method),
      ),
    )
  } catch (error) {
    if (!(error instanceof InferError)) throw error
    return [{ text: `FAILED  ${file}: ${error.message}`, passed: false }]
  }
}

async function runSamples(file: string, env: NodeJS.ProcessEnv): Promise<Comparison[]> {
  if (!existsSync(file)) throw new InferError('bad_model', 'it does not exist')
  const path = samplesPath(file)
  if (path === undefined)
    throw new InferError(
      'bad_model',
      `no golden samples beside it (${file.slice(0, -extname(file).length)}.samples.json)`,
    )
  const workflow = await workflowFor(file, path)
  const config = readConfig({
    ...withoutWorkflow(env),
    CLASSIC_INF_WORKFLOW_CLASS: workflow,
    CLASSIC_INF_WORKFLOW_KW_ARGS: JSON.stringify({ model_path: file }),
  })
  return new Promise((done, fail) => {
    const log = createLog('error', () => {})
    const { engine, job } = startServing({ ...config, workers: 1 }, env, { log, onFatal: fail })
    checkSamples(path, engine, job)
      .then(done, fail)
      .finally(() => engine.close())
  })
}

const TABLES: ReadonlySet<Format> = new Set(['pickle', 'joblib', 'json', 'ubjson', 'xgboost', 'lightgbm', 'catboost'])

/** By what the file is; an ONNX file was a Torch module where its samples say `forward`. */
async function workflowFor(file: string, samples: string): Promise<string> {
  const { format } = await inspectFile(file)
  if (format !== null && TABLES.has(format)) return 'SklearnInferenceWorkflow'
  return usesForward(samples) ? 'TorchInferenceWorkflow' : 'ONNXInferenceWorkflow'
}

/** A check looks at a file, not at what the environment would serve. */
const withoutWorkflow = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/WORKFLOW|MODEL|LOAD_ARGS/.test(name)))

function summary(file: string, method: string, comparisons: readonly Comparison[]): Line {
  const failed = comparisons.find(({ failure }) => failure !== undefined)
  const difference = Math.max(...comparisons.map((comparison) => comparison.difference))
  const measured = `largest difference ${difference} over ${comparisons.length} sample${comparisons.length === 1 ? '' : 's'}`
  const why = failed ? `; sample ${failed.sample}: ${failed.failure}` : ''
  return { text: `${failed ? 'FAILED' : 'ok    '}  ${file}  ${method}  ${measured}${why}`, passed: !failed }
}
