import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { convertExported, describeExported } from '../convert/exported/convert.ts'
import { convertScript, describeScript } from '../convert/script/convert.ts'
import { classProgramOf, needsCode, type Program, programOf } from '../convert/script/program.ts'
import { type ConvertOptions, convertTorch, describeTorch, type TorchConversion } from '../convert/torch/convert.ts'
import { InferError } from '../errors.ts'
import type { Format } from '../formats/detect.ts'
import { readTorch } from '../formats/torch.ts'
import { readTorchExport } from '../formats/torch-export.ts'
import type { DType } from '../tensor/dtype.ts'

/** A class file of Python that is longer is none. */
const MAX_SOURCE_BYTES = 4 << 20
const MODULE_NAME = /^\w+(\.\w+)*$/

/** Formats whose files hold what torch runs. */
export type TorchFormat = 'torch' | 'torchscript' | 'pt2'

export const isTorchFormat = (format: Format): format is TorchFormat =>
  format === 'torch' || format === 'torchscript' || format === 'pt2'

/** What can be converted to a graph for inputs of a signature: modules of torch, TorchScript, classes with their code. */
export interface TorchSource {
  /** The class of the module, by its public name. */
  readonly type: string
  /** `forward` first. */
  readonly methods: readonly string[]
  /** Of its weights. */
  readonly dtype: DType | undefined
  /** Of the file, and of the code that was found for it. */
  readonly hash: string
  convert(options: ConvertOptions): TorchConversion
}

/**
 * @param classPath folders with the Python of people's own classes: read as data, never run
 * @throws InferError bad_model that names what of it is not converted
 */
export function readTorchSource(bytes: Uint8Array, format: TorchFormat, classPath: readonly string[]): TorchSource {
  const hash = createHash('sha256').update(bytes)
  if (format === 'pt2') {
    const exported = readTorchExport(bytes)
    const convert = (options: ConvertOptions): TorchConversion => convertExported(exported, options)
    return { ...describeExported(exported), hash: hash.digest('hex'), convert }
  }
  const file = readTorch(bytes)
  if (file.format === 'torchscript') return scripted(programOf(file), () => hash.digest('hex'))
  if (!needsCode(file.value)) {
    const convert = (options: ConvertOptions): TorchConversion => convertTorch(file.value, options)
    return { ...describeTorch(file.value), hash: hash.digest('hex'), convert }
  }
  const texts = new Map<string, string | undefined>()
  const find = (module: string): string | undefined => {
    if (!texts.has(module)) texts.set(module, findModule(module, classPath))
    return texts.get(module)
  }
  return scripted(classProgramOf(file, find), () => {
    for (const [module, text] of texts) if (text !== undefined) hash.update(`${module}\n${text}\n`)
    return hash.digest('hex')
  })
}

function scripted(program: Program, hash: () => string): TorchSource {
  const { type, methods, dtype } = describeScript(program)
  return {
    type,
    methods,
    dtype,
    hash: hash(),
    convert: (options) => convertScript(program, options),
  }
}

/** The text of `net.layers`: that of `net/layers.py` in the first folder that has it. */
function findModule(module: string, classPath: readonly string[]): string | undefined {
  if (!MODULE_NAME.test(module)) return undefined
  for (const folder of classPath) {
    const path = join(folder, `${module.replaceAll('.', '/')}.py`)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats?.isFile()) continue
    if (stats.size > MAX_SOURCE_BYTES)
      throw new InferError('bad_model', `${path} has ${stats.size} bytes, too many for code`)
    return readFileSync(path, 'utf8')
  }
  return undefined
}
