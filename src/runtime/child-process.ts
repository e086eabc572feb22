import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { messageOf } from '../errors.ts'
import { type Frame, FrameReader, FrameWriter } from './frames.ts'

export interface ChildOptions {
  /** The module that the child runs, a file path. */
  readonly module: string
  readonly env: NodeJS.ProcessEnv
  readonly onFrame: (frame: Frame) => void
  /** Called once, when the process is gone; nothing of it arrives afterwards. */
  readonly onExit: (reason: string) => void
}

/** An inference child and its end of the frames. Its output goes where ours goes. */
export class InferenceChild {
  readonly #process: ChildProcess
  readonly #writer: FrameWriter
  #exited = false

  constructor({ module, env, onFrame, onExit }: ChildOptions) {
    const child = spawn(process.execPath, [...process.execArgv, module], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    })
    const stream = child.stdio[3] as Duplex
    const reader = new FrameReader()
    let reason: string | undefined
    this.#process = child
    this.#writer = new FrameWriter(stream)
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.read(chunk)) onFrame(frame)
      } catch (error) {
        reason = messageOf(error)
        this.kill()
      }
    })
    stream.on('error', () => {})
    child.on('error', (error) => {
      reason = error.message
      if (child.pid === undefined) this.#exit(onExit, reason)
    })
    // 'close' comes after the stream has ended, so what the child answered before it died has been read.
    child.on('close', (code, signal) =>
      this.#exit(onExit, reason ?? (signal ? `signal ${signal}` : `exit code ${code}`)),
    )
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  send(frame: Frame): void {
    this.#writer.send(frame)
  }

  sendBytes(bytes: Buffer): void {
    this.#writer.sendBytes(bytes)
  }

  /** SIGKILL: a hung graph hears nothing else. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #exit(onExit: (reason: string) => void, reason: string): void {
    if (this.#exited) return
    this.#exited = true
    onExit(reason)
  }
}
