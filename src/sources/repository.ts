/** What a hub has under a model id: files, and for each where its bytes are and what they must be. */
import type { ModelId } from '../codecs/model-id.ts'
import type { IdDetails } from './model-reference.ts'
import type { Origin } from './origin.ts'
import type { Digest } from './verify.ts'

export interface RemoteFile {
  readonly path: string
  /** Where it is; asked only for files that are wanted. */
  locate(): Promise<Located>
}

export interface Located {
  readonly size?: number | undefined
  readonly digests: readonly Digest[]
  readonly origins: readonly Origin[]
}

export interface Hub {
  /** @throws InferError bad_model when it does not exist, unavailable when the hub does not answer */
  list(id: ModelId & IdDetails): Promise<readonly RemoteFile[]>
}
