/**
 * ONNX files. Limits on untrusted files: external data must be plain files in the model's own directory, checked here
 * before ONNX Runtime sees the model.
 */
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { InferError } from '../errors.ts'
import { checkExternalNames, inlineExternalData } from '../onnx/external.ts'
import { type OnnxModel, readOnnxModel } from '../onnx/model.ts'
import { canHoldEmpty } from '../onnx/safety.ts'
import { withoutZipMap } from '../onnx/zip-map.ts'
import { openSession, type Session } from '../runtime/session.ts'
import type { NamedTensor, Tensor } from '../tensor/tensor.ts'
import { fitInputs, rowsToLoop, sliceRow, stackRows } from './fit.ts'
import type { Model } from './model.ts'

/** @throws InferError bad_model with a sentence that names the file */
export async function openOnnx(path: string, bytes: Uint8Array): Promise<Model> {
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
    methods: [],
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

function checkPlainFile(file: string, model: string): void {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile() || stats.nlink > 1) {
    throw new InferError(
      'bad_model',
      `${model} names external data in ${file}, which is ${stats ? 'no plain file' : 'not there'}`,
    )
  }
}
