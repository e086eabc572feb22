/** Another server on the same cache: `hub cache`. Says where the file is. */
import { ID, resolverFor, TIMEOUTS } from './setup.ts'

const [hub = '', cache = ''] = process.argv.slice(2)
process.send?.(await resolverFor(hub, cache, {}, { timeouts: { ...TIMEOUTS, firstByteMs: 8000 } }).forWorkflow(ID))
process.disconnect()
