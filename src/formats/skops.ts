import { broken } from './cursor.ts'
import { type Json, readJson } from './json.ts'
import { readNpy } from './npy.ts'
import type { NdArray } from './values.ts'
import { readZip } from './zip.ts'

/** A skops file: the tree of objects in skops' own words, and the arrays that it names. */
export interface Skops {
  /** Nodes have `__class__`, `__module__`, `__loader__` and, by loader, `content`, `file`, `attrs`, ... */
  readonly schema: ReadonlyMap<string, Json>
  /** By the `file` of a node. */
  readonly arrays: ReadonlyMap<string, NdArray>
  /** Everything else, such as `.npz` of sparse matrices and pickled bytes, unread. */
  readonly others: ReadonlyMap<string, Uint8Array>
}

/**
 * skops (https://skops.readthedocs.io/en/stable/persistence.html; skops/io/_persist.py): a zip with `schema.json` and
 * `.npy` files. The limits are those of the zip, the JSON and the arrays.
 */
export function readSkops(bytes: Uint8Array): Skops {
  const arrays = new Map<string, NdArray>()
  const others = new Map<string, Uint8Array>()
  let schema: Json = null
  for (const { name, read } of readZip(bytes).values()) {
    if (name === 'schema.json') schema = readJson(read(), { format: 'skops', nonFinite: true })
    else if (name.endsWith('.npy')) arrays.set(name, readNpy(read()))
    else others.set(name, read())
  }
  if (!(schema instanceof Map)) throw broken('skops', 'it has no schema.json')
  return { schema, arrays, others }
}
