import type { Progress } from '../sources/transfer.ts'

/** Of a terminal, as much as a progress bar needs. */
export interface Terminal {
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressBar {
  show(progress: Progress): void
  /** Before anything else is written to the terminal. */
  clear(): void
}

/** ECMA-48: to the beginning of the line, and erase it. */
const ERASE = '\r\x1b[2K'
const BAR_CELLS = 20
const DEFAULT_COLUMNS = 80

/** All downloads that are under way as one line: how far, how fast, what; gone when the last has ended. */
export function createProgressBar(terminal: Terminal, now: () => number = () => performance.now()): ProgressBar {
  const running = new Map<string, Progress>()
  const begun = new Map<string, { readonly bytes: number; readonly atMs: number }>()
  const clear = (): void => void terminal.write(ERASE)
  const show = (progress: Progress): void => {
    const { label, bytes, ended } = progress
    if (ended) running.delete(label)
    else running.set(label, progress)
    if (ended) begun.delete(label)
    else if (!begun.has(label)) begun.set(label, { bytes, atMs: now() })
    if (running.size === 0) {
      clear()
      return
    }
    const speeds = [...running.values()].map((one) => {
      const { bytes: from = 0, atMs = 0 } = begun.get(one.label) ?? {}
      return now() > atMs ? ((one.bytes - from) * 1000) / (now() - atMs) : 0
    })
    const line = wordsOf(
      [...running.values()],
      speeds.reduce((sum, speed) => sum + speed, 0),
    )
    terminal.write(ERASE + line.slice(0, (terminal.columns ?? DEFAULT_COLUMNS) - 1))
  }
  return { show, clear }
}

function wordsOf(running: readonly Progress[], bytesPerS: number): string {
  const bytes = running.reduce((sum, one) => sum + one.bytes, 0)
  const sizes = running.flatMap(({ of: size }) => size ?? [])
  const of = sizes.length === running.length ? sizes.reduce((sum, size) => sum + size, 0) : undefined
  const what = running.length === 1 ? running[0]?.label : `${running.length} files`
  const speed = `${inUnits(bytesPerS)}/s`
  if (of === undefined) return `${inUnits(bytes)}  ${speed}  ${what}`
  const part = Math.min(1, bytes / Math.max(of, 1))
  const cells = Math.round(part * BAR_CELLS)
  const bar = `[${'='.repeat(cells)}${' '.repeat(BAR_CELLS - cells)}]`
  return `${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${inUnits(bytes)} of ${inUnits(of)}  ${speed}  ${what}`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** Three digits that count, and a unit of a thousand of the one before. */
export function inUnits(bytes: number): string {
  const power = Math.min(Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)), UNITS.length - 1)
  const value = bytes / 1000 ** power
  return `${power === 0 ? Math.round(value) : value.toPrecision(3)} ${UNITS[power]}`
}
