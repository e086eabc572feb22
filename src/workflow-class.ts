/** Finds the class that the environment names. `src/` never imports `workflows/`: all of them are found this way. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { InferError, messageOf } from './errors.ts'
import { isWorkflowClass, type WorkflowClass } from './workflow.ts'

/** The class names of the Python packages, whatever module path they came with over the years. */
const BUILT_IN = new Map([
  ['TorchInferenceWorkflow', 'torch'],
  ['ONNXInferenceWorkflow', 'onnx'],
  ['SklearnInferenceWorkflow', 'sklearn'],
])

const BUILT_IN_DIRECTORY = fileURLToPath(new URL('../workflows/', import.meta.url))
const PACKAGE_DIRECTORY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../' : '../../', import.meta.url))
const OUR_EXTENSION = extname(fileURLToPath(import.meta.url))
const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts']

/**
 * The class behind a reference: a built-in (by its class name or its old Python path), a dotted path into `workflows/`
 * (`my_flow.MyFlow`), a file (`./my-flow.js#MyFlow`), or a package's export (`@acme/flows#MyFlow`). Without a name the
 * default export is taken, or the only workflow that the module exports.
 * @throws InferError bad_model that begins as the Python services' own error
 */
export async function loadWorkflowClass(reference: string): Promise<WorkflowClass> {
  try {
    return await find(reference)
  } catch (error) {
    throw new InferError(
      'bad_model',
      `Unable to import specified Workflow class ${reference}: ${messageOf(error).split('\n')[0]}`,
    )
  }
}

async function find(reference: string): Promise<WorkflowClass> {
  const [module = '', name] = reference.split('#')
  if (name === undefined && !isFile(module)) {
    const dotted = await findDotted(module)
    if (dotted) return dotted
  }
  return pick(await importModule(module), name)
}

const isFile = (module: string): boolean => EXTENSIONS.includes(extname(module)) || module.startsWith('file:')

async function findDotted(path: string): Promise<WorkflowClass | undefined> {
  const parts = path.split('.')
  const name = parts.pop() ?? ''
  const builtIn = BUILT_IN.get(name)
  const wellKnown =
    parts.length === 0 ||
    /(^|\.)(torch|onnx|sklearn)_inference_workflow$|^workflows\.(torch|onnx|sklearn)$/.test(parts.join('.'))
  if (builtIn && wellKnown)
    return pick(await import(pathToFileURL(join(BUILT_IN_DIRECTORY, builtIn + OUR_EXTENSION)).href), name)
  if (parts[0] === 'workflows') parts.shift()
  if (parts.length === 0 || parts.some((part) => !/^[\w-]+$/.test(part))) return undefined
  for (const directory of [BUILT_IN_DIRECTORY, resolve('workflows'), join(PACKAGE_DIRECTORY, 'workflows')]) {
    for (const extension of EXTENSIONS) {
      const file = join(directory, ...parts) + extension
      if (existsSync(file)) return pick(await import(pathToFileURL(file).href), name)
    }
  }
  return undefined
}

async function importModule(module: string): Promise<Record<string, unknown>> {
  if (module.startsWith('file:')) return import(module)
  if (isAbsolute(module) || module.startsWith('.') || isFile(module)) return import(pathToFileURL(resolve(module)).href)
  try {
    return await import(module)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return import(pathToFileURL(createRequire(resolve('package.json')).resolve(module)).href)
  }
}

function pick(module: Record<string, unknown>, name: string | undefined): WorkflowClass {
  if (name !== undefined) {
    const value = module[name]
    if (isWorkflowClass(value)) return value
    throw new Error(value === undefined ? `it exports no ${name}` : `${name} does not extend Workflow`)
  }
  if (isWorkflowClass(module.default)) return module.default
  const classes = Object.values(module).filter(isWorkflowClass)
  if (classes.length !== 1) throw new Error(`it has no default export, and exports ${classes.length} workflows`)
  return classes[0] as WorkflowClass
}
