/** What test/fixtures/make/torch_operators.py made: rows of a few lines of Python, in every way that torch saves them. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { convertExported } from '../../../src/convert/exported/convert.ts'
import { modelOf } from '../../../src/convert/plan.ts'
import { convertScript } from '../../../src/convert/script/convert.ts'
import { classProgramOf, programOf } from '../../../src/convert/script/program.ts'
import type { ConvertOptions, TorchConversion } from '../../../src/convert/torch/convert.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { openSession } from '../../../src/runtime/session.ts'
import { FIXTURES } from '../../support/paths.ts'
import { assertTensor, decode, type Recorded } from '../torch/harness.ts'

const FOLDER = process.env.OPERATOR_FIXTURES ?? `${FIXTURES}operators/`

export interface Row {
  readonly op: string
  readonly code: string
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}
interface Group {
  readonly file: string
  readonly method?: string
  readonly inputs: readonly number[]
  readonly rows: readonly number[]
  /** What TorchScript gives where it is not what Python gave. */
  readonly outputs?: Readonly<Record<string, readonly number[]>>
}
/** How a model comes: as TorchScript, as a pickle with its Python, as an export of ATen or of core ATen. */
export type FrontEnd = 'script' | 'own' | 'pt2' | 'core'

export interface Release {
  readonly torch: string
  readonly tensors: readonly Recorded[]
  readonly rows: readonly Row[]
  readonly files: { readonly [F in FrontEnd]?: readonly Group[] }
}

export const releases: readonly string[] = readdirSync(FOLDER).filter((name) =>
  existsSync(join(FOLDER, name, 'rows.json.gz')),
)

export const bytesOf = (release: string, file: string): Buffer =>
  gunzipSync(readFileSync(join(FOLDER, release, `${file}.gz`)))

export const readRelease = (release: string): Release => JSON.parse(bytesOf(release, 'rows.json').toString())

type Convert = (options: ConvertOptions) => TorchConversion

/** Opens a file of rows; of TorchScript and classes each row is a method too. */
export function opened(release: string, frontEnd: FrontEnd, name: string): Convert {
  const bytes = bytesOf(release, name)
  if (frontEnd === 'pt2' || frontEnd === 'core') {
    const file = readTorchExport(bytes)
    return (options) => convertExported(file, options)
  }
  const file = readTorch(bytes)
  const text = (module: string): string | undefined =>
    existsSync(join(FOLDER, release, `${module}.py.gz`)) ? bytesOf(release, `${module}.py`).toString() : undefined
  const program = file.format === 'torch' ? classProgramOf(file, text) : programOf(file)
  return (options) => convertScript(program, options)
}

/** Runs rows together, and compares with torch. */
export async function check(convert: Convert, { tensors, rows }: Release, group: Group): Promise<void> {
  const feeds = group.inputs.map((place) => decode(tensors[place] as Recorded))
  const inputs = feeds.map(({ dtype, dims }) => ({ dtype, dims }))
  const { graph, outputs } = convert({ inputs, batch: feeds[0]?.dims[0] ?? 1, method: group.method ?? 'forward' })
  const session = await openSession(modelOf(graph, outputs), { optimization: 'basic' })
  const made = await session.run(
    graph.inputs.map(({ name }) => name),
    feeds.map((tensor) => (tensor.dtype === 'bfloat16' ? { ...tensor, dtype: 'float32' as const } : tensor)),
  )
  await session.close()
  const wanted = group.rows.flatMap((row) =>
    (group.outputs?.[row] ?? (rows[row] as Row).outputs).map((place) => ({ place, row })),
  )
  assert.equal(made.length, wanted.length, 'how many there are')
  wanted.forEach(({ place, row }, i) => {
    const dtype = outputs[i]?.dtype ?? 'float32'
    assertTensor(
      { ...(made[i] as (typeof made)[0]), dtype },
      decode(tensors[place] as Recorded),
      (rows[row] as Row).code,
    )
  })
}

/** What fails of a group, row by row where a file has each as a method. */
export async function failures(
  release: Release,
  frontEnd: FrontEnd,
  convert: Convert,
  group: Group,
): Promise<string[]> {
  try {
    await check(convert, release, group)
    return []
  } catch (error) {
    if (frontEnd === 'pt2' || frontEnd === 'core') return [`${group.file}: ${String(error)}`]
  }
  const found: string[] = []
  for (const row of group.rows) {
    const { code, inputs } = release.rows[row] as Row
    try {
      await check(convert, release, { ...group, method: `row${row}`, inputs, rows: [row] })
    } catch (error) {
      found.push(`${code}: ${String(error)}`)
    }
  }
  return found.length > 0 ? found : [`${group.method} fails where each of its rows does not`]
}
