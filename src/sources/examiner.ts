/** What is known of whether cached files can be opened: small ones are read at once, others by a process of their own. */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { mistakeOf } from '../formats/mistaken.ts'
import { judgeOnnx, refused, type Support } from './support.ts'

/** In a hostile file of this size every other byte is a field, and reading those takes some ten milliseconds. */
const INLINE_BYTES = 256 << 10
/** The largest file that is read takes about a second. */
const GIVE_UP_MS = 20_000
const IDLE_MS = 10_000
/** To start a process stops this one for some milliseconds: whoever asked first has gone with an answer by then. */
const START_MS = 20
/** Paths are those of a cache's files; whoever has more of them is asked anew. */
const MAX_REMEMBERED = 10_000

export class Examiner {
  readonly #module: string
  readonly #known = new Map<string, { state: string; support: Promise<Support> }>()
  readonly #asked = new Map<string, (support: Support) => void>()
  #process: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param module the process that judges what is not judged here */
  constructor(module: string) {
    this.#module = module
  }

  /** Whether the process is there, so that it is worth waiting for what it says. */
  get isAwake(): boolean {
    return this.#process !== undefined
  }

  /** Once for each state of the file. */
  examine(path: string): Promise<Support> {
    const { size, mtimeMs } = statSync(path)
    const state = `${size} ${mtimeMs}`
    const known = this.#known.get(path)
    if (known?.state === state) return known.support
    const bytes = size <= INLINE_BYTES ? readFileSync(path) : undefined
    const here = bytes && judgedHere(path, bytes)
    const support = here ? Promise.resolve(here) : this.#ask(path)
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(path, { state, support })
    return support
  }

  #ask(path: string): Promise<Support> {
    return new Promise((resolve) => {
      this.#asked.set(path, resolve)
      const send = (): void => {
        this.#start().send(path)
        this.#endAfter(GIVE_UP_MS)
      }
      if (this.isAwake) send()
      else setTimeout(send, START_MS).unref()
    })
  }

  #start(): ChildProcess {
    if (this.#process) return this.#process
    const child = fork(this.#module, { env: {}, stdio: 'ignore' })
    this.#process = child
    child.unref()
    child.channel?.unref()
    child.on('message', ({ path, support }: { path: string; support: Support }) => {
      this.#asked.get(path)?.(support)
      this.#asked.delete(path)
      this.#endAfter(this.#asked.size > 0 ? GIVE_UP_MS : IDLE_MS)
    })
    child.on('error', () => this.#end(child))
    child.on('exit', () => this.#end(child))
    return child
  }

  #endAfter(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(this.#process), ms).unref()
  }

  /** Whatever was still asked is too much for us. */
  #end(child: ChildProcess | undefined): void {
    if (!child || child !== this.#process) return
    this.#process = undefined
    clearTimeout(this.#timer)
    child.kill('SIGKILL')
    for (const [path, answer] of this.#asked)
      answer({ supported: false, reason: `${path.split('/').at(-1)} takes too long, or too much memory, to be read` })
    this.#asked.clear()
  }
}

/** What is neither an ONNX file nor a mistake is for the process. */
function judgedHere(path: string, bytes: Uint8Array): Support | undefined {
  const mistake = mistakeOf(bytes)
  if (mistake !== undefined) return refused(path, `is no model (${mistake})`)
  try {
    return judgeOnnx(path, bytes)
  } catch {
    return undefined
  }
}
