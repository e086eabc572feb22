/**
 * Source to session: a file's bytes, what the model says of itself, and a graph ready to run.
 *
 * Limits on untrusted files: a model is at most MAX_MODEL_BYTES (protobuf's own bound of 2 GiB); external data must be
 * plain files in the model's own directory, checked here before ONNX Runtime sees the model.
 */
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { InferError, messageOf } from '../errors.ts'
import { checkExternalNames, inlineExternalData } from '../onnx/external.ts'
import { type OnnxModel, readOnnxModel } from '../onnx/model.ts'
import { canHoldEmpty } from '../onnx/safety.ts'
import { withoutZipMap } from '../onnx/zip-map.ts'
import { openSession, type Session } from '../runtime/session.ts'
import type { Cast } from '../tensor/cast.ts'
import type { NamedTensor, Tensor } from '../tensor/tensor.ts'
import { detect } from './detect.ts'
import { fitInputs, rowsToLoop, sliceRow, stackRows, type ValueInfo } from './fit.ts'

const MAX_MODEL_BYTES = 2 ** 31 - 1

/** A model that is open: what it takes, what it gives, and `run`. */
export interface Model {
  readonly path: string
  /** Of its file, and of the files that it names: about what it takes while it is open. */
  readonly bytes: number
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly string[]
  /** Column names of its outputs of scores, by output name, where the model has them. */
  readonly classes: ReadonlyMap<string, readonly (string | bigint)[]>
  /**
   * The outputs, in the graph's order, of named inputs, or of nameless ones by position.
   * @throws InferError bad_request when the inputs are not what the model takes
   */
  run(inputs: readonly NamedTensor[], options?: { readonly cast?: Cast }): Promise<NamedTensor[]>
  close(): Promise<void>
}

/** @throws InferError bad_model with a sentence that names the file */
export async function openModel(path: string): Promise<Model> {
  const bytes = readModelFile(path)
  detect(bytes, path)
  const described = readOnnxModel(bytes)
  const rewritten = withoutZipMap(bytes)
  const session = await openGraph(path, rewritten.zipMaps.length > 0 ? rewritten.bytes : undefined, bytes, described)
  const classes = new Map(rewritten.zipMaps.map(({ output, classes: names }) => [output, names]))
  return {
    path,
    bytes: bytes.length + externalBytes(path, described),
    inputs: described.inputs,
    outputs: described.outputs.map(({ name }) => name),
    classes,
    run: runner(session, described),
    close: () => session.close(),
  }
}

function runner(session: Session, { inputs: wanted, ...described }: OnnxModel): Model['run'] {
  const names = wanted.map(({ name }) => name)
  const empty = canHoldEmpty({ inputs: wanted, ...described })
  return async (given, { cast = 'none' } = {}) => {
    const inputs = fitInputs(given, wanted, { cast, empty })
    const rows = rowsToLoop(inputs, wanted)
    if (rows === 0) return session.run(names, inputs)
    const answers: NamedTensor[][] = []
    for (let row = 0; row < rows; row++)
      answers.push(
        await session.run(
          names,
          inputs.map((t: Tensor) => sliceRow(t, row)),
        ),
      )
    return stackRows(answers)
  }
}

function openGraph(
  path: string,
  changed: Uint8Array | undefined,
  bytes: Uint8Array,
  described: OnnxModel,
): Promise<Session> {
  const options = { optimization: isFloat64(described) ? 'basic' : 'all' } as const
  const names = checkExternalNames(described)
  const directory = dirname(path)
  for (const name of names) checkPlainFile(join(directory, name), path)
  if (names.length === 0) return openSession(changed ?? bytes, options)
  if (changed === undefined) return openSession(path, options)
  return openSession(
    inlineExternalData(changed, (name) => readFileSync(join(directory, name))),
    options,
  )
}

const externalBytes = (path: string, described: OnnxModel): number =>
  checkExternalNames(described).reduce((sum, name) => sum + statSync(join(dirname(path), name)).size, 0)

const isFloat64 = (model: OnnxModel): boolean => model.inputs.some(({ dtype }) => dtype === 'float64')

function readModelFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > MAX_MODEL_BYTES)
      throw new InferError('bad_model', `${path} has ${size} bytes; a model has at most 2 GiB`)
    return readFileSync(path)
  } catch (error) {
    if (error instanceof InferError) throw error
    throw new InferError('bad_model', `the model file ${path} cannot be read: ${messageOf(error).split(',')[0]}`)
  }
}

function checkPlainFile(file: string, model: string): void {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile() || stats.nlink > 1) {
    throw new InferError(
      'bad_model',
      `${model} names external data in ${file}, which is ${stats ? 'no plain file' : 'not there'}`,
    )
  }
}
