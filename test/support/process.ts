import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { ROOT } from './paths.ts'

export interface Run {
  readonly child: ChildProcess
  readonly stdout: string[]
  readonly stderr: string[]
  /** The exit code, or the signal. */
  readonly ended: Promise<number | string>
  /** The port of the first address, once it listens. */
  port(): Promise<number>
}

/** The command as its users start it, from the sources. Nothing of our environment but PATH gets in. */
export function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = ROOT): Run {
  const command = ['--import', import.meta.resolve('tsx'), `${ROOT}src/main.ts`, ...args]
  const child = spawn(process.execPath, command, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout: string[] = []
  const stderr: string[] = []
  child.stdout?.setEncoding('utf8').on('data', (text: string) => stdout.push(text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const port = async (): Promise<number> => {
    const until = Date.now() + 20_000
    while (Date.now() < until && child.exitCode === null) {
      const match = /"addresses":\[\{[^}]*"port":(\d+)/.exec(stdout.join(''))
      if (match) return Number(match[1])
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`it does not listen: ${stdout.join('')}${stderr.join('')}`)
  }
  return { child, stdout, stderr, ended, port }
}
