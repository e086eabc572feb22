/** Which of torch's operators a front end was given, by the files themselves. */

import type { Json } from '../../../src/formats/json.ts'
import { readTorch } from '../../../src/formats/torch.ts'
import { readTorchExport } from '../../../src/formats/torch-export.ts'
import { bytesOf, type FrontEnd, type Release } from './rows.ts'

/** The names that are called in Python or TorchScript: `torch.add(`, `x.add_(`, `torch.linalg.inv(`. */
const CALLED = /\.((?:linalg\.|special\.)?\w+)\(/g
const callsIn = (text: string): string[] =>
  [...text.matchAll(CALLED)].flatMap(([, name]) => [
    (name as string).replace('.', '_'),
    (name as string).replace(/.*\./, ''),
  ])

function* targetsIn(value: Json | undefined): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* targetsIn(item)
  else if (value instanceof Map)
    for (const [key, item] of value) {
      if (key === 'target' && typeof item === 'string') yield item.replace(/^torch\.ops\.aten\.(\w+)\.\w+$/, '$1')
      else yield* targetsIn(item)
    }
}

function namesIn(release: string, frontEnd: FrontEnd, file: string): Iterable<string> {
  if (frontEnd === 'pt2' || frontEnd === 'core')
    return targetsIn(new Map(readTorchExport(bytesOf(release, file)).program))
  if (frontEnd === 'own') {
    const text = bytesOf(release, file.replace(/^(\d+)\.own\.torch$/, 'operators$1.py')).toString()
    return callsIn(text)
  }
  const script = readTorch(bytesOf(release, file))
  if (script.format !== 'torchscript') return []
  return [...script.code.values()].flatMap(callsIn)
}

/** With and without the `_` of what is done in place. */
export function calledIn(release: Release, frontEnds: readonly FrontEnd[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const frontEnd of frontEnds)
    for (const file of new Set((release.files[frontEnd] ?? []).map((group) => group.file)))
      for (const name of namesIn(release.torch, frontEnd, file)) {
        found.add(name)
        found.add(name.replace(/_$/, ''))
      }
  return found
}
