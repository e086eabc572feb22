/**
 * Judges files beside the front: large ones take seconds and their size in memory to read, and hostile ones to
 * understand; what is converted is converted to see whether it can be. Asked by `sources/examiner.ts` over IPC, and ends when that closes.
 */
import { writeFileSync } from 'node:fs'
import { judgeFile } from './models/judge.ts'

// When memory runs out, this answer is the one that can be missed.
try {
  writeFileSync('/proc/self/oom_score_adj', '900')
} catch {
  // Not Linux, or not allowed: then the kernel chooses.
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('message', (path: string) => process.send?.({ path, support: judgeFile(path) }))
