import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FIXTURES, SHARED } from './paths.ts'

interface Patch {
  readonly bytes: number
  readonly at: number
  readonly entry: string
  readonly entry_at: number
}

/**
 * A cache volume as Ritual's services leave it, with iris.onnx and, in place of iris.torch, an ONNX graph of the same
 * function: the zero weights of the template replaced by the storages that lie uncompressed in iris.torch.
 */
export function irisCache(): { cache: string; torch: string; onnx: string } {
  const cache = mkdtempSync(join(tmpdir(), 'iris-'))
  const directory = join(cache, 'huggingface/Ritual-Net/iris-classification/default')
  mkdirSync(directory, { recursive: true })
  const weights = readFileSync(`${SHARED}fixtures/infernet/iris.torch`)
  const graph = readFileSync(`${FIXTURES}oracle/iris-template.onnx`)
  const patches = JSON.parse(readFileSync(`${FIXTURES}oracle/iris-template.json`, 'utf8')) as Record<string, Patch>
  for (const { at, bytes, entry_at } of Object.values(patches)) weights.copy(graph, at, entry_at, entry_at + bytes)
  const torch = join(directory, 'iris.torch')
  const onnx = join(directory, 'iris.onnx')
  writeFileSync(torch, graph)
  writeFileSync(onnx, readFileSync(`${SHARED}fixtures/infernet/iris.onnx`))
  const manifest = { files: ['iris.torch', 'iris.onnx'], metadata: {}, artifact_type: 'ModelArtifact', file_hashes: {} }
  const repo_id = 'huggingface/Ritual-Net/iris-classification'
  writeFileSync(join(directory, 'ritual_manifest.json'), JSON.stringify({ ...manifest, repo_id }))
  return { cache, torch, onnx }
}
