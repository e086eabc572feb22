import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const FIXTURES = `${ROOT}test/fixtures/`
/** Recorded answers and model files that are not part of the project; tests of them are skipped where it is absent. */
export const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url))
export const withoutShared = existsSync(SHARED) ? false : 'the shared folder is not here'

/** The process that judges whether files can be served. */
export const SUPPORT_MODULE = `${ROOT}src/support-process.ts`
