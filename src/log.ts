/** One JSON object a line, to stdout: time, level, message, and the given fields. Never payloads or secrets. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

export type Log = Readonly<Record<Level, (message: string, fields?: Readonly<Record<string, unknown>>) => void>>

/** A log that writes what is at `least` or above through `write`. */
export function createLog(
  least: Level,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  const at = (level: Level): Log[Level] => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return () => {}
    return (message, fields) =>
      write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
