/** The architecture of src/README.md, as imports: strictly down the floors, rooms on one floor apart, and the absences. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { ROOT } from './support/paths.ts'

/** From the ground up. What stands on one row are rooms that do not know each other. */
const FLOORS = [
  ['errors.ts', 'log.ts', 'env-value.ts'],
  ['config.ts'],
  ['tensor'],
  ['formats', 'codecs', 'kernels'],
  ['onnx'],
  ['runtime', 'sources', 'convert'],
  ['models'],
  ['workflow.ts', 'inspect'],
  ['model-workflow.ts', 'workflow-answer.ts', 'workflow-class.ts'],
  ['index.ts', 'infernet'],
  ['readiness.ts', 'serving.ts', 'bounded-file.ts'],
  ['http', 'cli'],
  ['main.ts', 'child.ts', 'inspect-child.ts', 'convert-child.ts', 'support-process.ts'],
]

const SRC = join(ROOT, 'src')
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
const roomOf = (file: string): string => file.split('/')[0] as string
const floorOf = (file: string): number => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)))

interface Import {
  readonly from: string
  /** A file of `src/`, or the name of a package. */
  readonly to: string
  readonly typeOnly: boolean
}

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(SRC, from), 'utf8')
  return [
    ...text.matchAll(
      /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ].map((match) => {
    const target = (match[2] ?? match[3] ?? match[4]) as string
    const to = target.startsWith('.') ? relative(SRC, resolve(dirname(join(SRC, from)), target)) : target
    return { from, to, typeOnly: match[1] !== undefined }
  })
})

const between = imports.filter(({ to }) => to.endsWith('.ts'))
const arrows = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} -> ${to}`)

describe('imports', () => {
  test('every room has a floor', () =>
    assert.deepEqual(
      files.filter((file) => floorOf(file) < 0),
      [],
    ))
  test('every floor has its rooms', () => {
    for (const room of FLOORS.flat()) assert.ok(existsSync(join(SRC, room)), room)
  })
  test('go strictly down', () => {
    const wrong = between.filter(({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from))
    assert.deepEqual(arrows(wrong), [])
  })
  test('never reach into workflows/, nor out of src/', () =>
    assert.deepEqual(arrows(between.filter(({ to }) => to.startsWith('..'))), []))
})

/** Everything that is loaded with `entry`. Imports of types alone load nothing. */
function closure(entry: string): Set<string> {
  const seen = new Set([entry])
  for (const file of seen) for (const { from, to, typeOnly } of imports) if (from === file && !typeOnly) seen.add(to)
  return seen
}

describe('absences', () => {
  const outside = (room: RegExp, target: RegExp): string[] =>
    arrows(imports.filter(({ from, to }) => target.test(to) && !room.test(from)))
  test('the front loads no native code and opens no model', () => {
    const front = [...closure('main.ts')]
    assert.deepEqual(
      front.filter((file) =>
        /^onnxruntime|^models\/|^convert\/|^formats\/pickle|^inspect\/|^(?:inspect-|convert-)?child\.ts|^workflow/.test(
          file,
        ),
      ),
      [],
    )
  })
  test('only runtime/ knows ONNX Runtime', () => assert.deepEqual(outside(/^runtime\//, /^onnxruntime/), []))
  test('only http/ knows Koa', () => assert.deepEqual(outside(/^http\//, /^@?koa/), []))
  test('only http/ knows a status code', () => {
    const knowing = files.filter(
      (file) =>
        !/^http\/|^sources\/guard\.ts$/.test(file) &&
        /\b(ctx|statusCode|STATUS_CODES)\b|\bstatus\s*[:=]\s*[45]\d\d\b/.test(readFileSync(join(SRC, file), 'utf8')),
    )
    assert.deepEqual(knowing, [])
  })
  test('only main.ts reads the environment', () => {
    const reading = files.filter((file) => /process\.env\b/.test(readFileSync(join(SRC, file), 'utf8')))
    assert.deepEqual(reading, ['main.ts'])
  })
  test('nobody evaluates text as code', () => {
    const evaluating = files.filter((file) =>
      /\beval\(|new Function\(|node:vm/.test(readFileSync(join(SRC, file), 'utf8')),
    )
    assert.deepEqual(evaluating, [])
  })
})

test('no test file is empty, which would pass', () => {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  )
  const empty = files.filter((file) => !/\btest\(/.test(readFileSync(join(ROOT, 'test', file), 'utf8')))
  assert.deepEqual(empty, [])
})
