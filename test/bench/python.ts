/** A Python that stays: a line of JSON to it, a line of JSON back. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export class Python {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  /** With one thread, and what it prints on our standard error. */
  constructor(python: string, args: readonly string[]) {
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
    this.#process = spawn(python, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process.on('error', () => {})
    this.#process.stdin?.on('error', () => {})
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  /** @throws Error when it has ended */
  async ask<T>(command: Readonly<Record<string, string | number>>): Promise<T> {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`Python ended at ${JSON.stringify(command)}`)
    return JSON.parse(value) as T
  }

  stop(): void {
    this.#process.kill()
  }
}
