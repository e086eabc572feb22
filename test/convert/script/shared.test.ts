/** Every TorchScript file of ../shared/fixtures, every recorded method, every release: torch's numbers. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Program, programOf } from '../../../src/convert/script/program.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { ROOT } from '../../support/paths.ts'
import { assertTensor, fromList, type Listed } from '../torch/harness.ts'
import { run } from './harness.ts'

const SHARED = join(ROOT, '../shared/fixtures')
const TORCH = join(SHARED, 'torch')

const scriptIn = (path: string): Program => {
  const file = readTorch(readFileSync(path))
  if (file.format !== 'torchscript') return assert.fail(`${path} is ${file.format}`)
  return programOf(file)
}

type Expected = Readonly<Record<string, Readonly<Record<string, Listed | readonly Listed[]>>>>
const expectedOf = (release: string, name: string): Expected =>
  JSON.parse(readFileSync(join(TORCH, release, 'torch', name), 'utf8'))

const releases = existsSync(TORCH) ? readdirSync(TORCH).filter((name) => existsSync(join(TORCH, name, 'jit'))) : []

for (const release of releases) {
  const plain = expectedOf(release, 'expected.json')
  const sk2torch = expectedOf(release, 'expected_sk2.json')
  describe(`TorchScript of torch ${release}`, () => {
    for (const file of readdirSync(join(TORCH, release, 'jit')).sort()) {
      const name = file.slice(0, file.indexOf('.'))
      const row = name.startsWith('sk2_') ? sk2torch[name.slice('sk2_'.length)] : plain[name]
      test(file, async () => {
        assert.ok(row, 'what torch gave is recorded')
        const program = scriptIn(join(TORCH, release, 'jit', file))
        const { x, ...methods } = row
        for (const [key, recorded] of Object.entries(methods)) {
          const method = key === 'y' ? 'forward' : key
          const { outputs } = await run(program, [fromList(x as Listed)], { method })
          const wanted = Array.isArray(recorded) ? (recorded as readonly Listed[]) : [recorded as Listed]
          assert.equal(outputs.length, wanted.length, method)
          outputs.forEach((output, i) => {
            assertTensor(output, fromList(wanted[i] as Listed), method)
          })
        }
      })
    }
  })
}

interface Report {
  readonly input?: readonly (readonly number[])[]
  readonly jit?: string
  readonly forward?: readonly number[]
  readonly out_dtype?: string
  readonly out_shape?: readonly number[]
}

const SK2TORCH = join(SHARED, 'sk2torch')
if (existsSync(SK2TORCH)) {
  const report = JSON.parse(readFileSync(join(SK2TORCH, 'report.json'), 'utf8')) as Record<string, Report>
  describe('TorchScript of sk2torch', () => {
    for (const file of readdirSync(SK2TORCH).filter((name) => name.endsWith('.jit.pt'))) {
      test(file, async () => {
        const name = file.slice(0, -'.jit.pt'.length)
        const { input, forward, out_dtype, out_shape } = report[name] as Required<Report>
        assert.ok(input, 'what torch gave is recorded')
        const dtype = name === 'sequential_mlp' ? 'float32' : 'float64'
        const x = fromList({ dtype, shape: [input.length, input[0]?.length ?? 0], data: input.flat() })
        const { outputs } = await run(scriptIn(join(SK2TORCH, file)), [x])
        const data = (forward as readonly (number | readonly number[])[]).flat()
        const shape = out_shape ?? [input.length, data.length / input.length]
        const theirs = fromList({ dtype: out_dtype?.replace('torch.', '') ?? dtype, shape, data })
        assertTensor(outputs[0] as never, theirs, file)
      })
    }
  })
}
