import type { Duplex } from 'node:stream'
import { InferError } from '../errors.ts'
import type { ErrorHead } from './engine.ts'
import { encodeFrame, type Frame, FrameReader, FrameWriter } from './frames.ts'

/** The front, as a child may speak to it of its own accord. */
export interface Front {
  /** Where the model of a reference is. */
  readonly ask: (reference: string) => Promise<string>
  /** Which model files are open. */
  readonly tellOpen: (paths: readonly string[]) => void
}

/** What the child does with what it is sent. */
export interface ChildHandler {
  /** Sets up; the result is the head of `ready`. */
  init(head: string, front: Front): Promise<string>
  infer(frame: Frame): Promise<Pick<Frame, 'head' | 'tensors'>>
  stream(frame: Frame): AsyncIterable<string>
}

/**
 * Answers that are ready within this time of each other leave in one write. It is the most that an answer waits behind
 * the next inference.
 */
const FLUSH_MS = 0.5

/** Serves frames until the other end closes, one request at a time, in order. */
export function serveFrames(stream: Duplex, handler: ChildHandler): Promise<void> {
  const reader = new FrameReader()
  const writer = new FrameWriter(stream)
  const requests: Frame[] = []
  const asked = new Map<number, { resolve: (path: string) => void; reject: (error: Error) => void }>()
  let nextQuestion = 1
  let working = false

  const ask = (reference: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const id = nextQuestion++
      asked.set(id, { resolve, reject })
      writer.send({ id, kind: 'resolve', head: reference, tensors: [] })
    })

  const tellOpen = (paths: readonly string[]): void =>
    writer.send({ id: 0, kind: 'shelf', head: JSON.stringify(paths), tensors: [] })

  const answer = (frame: Frame): void => {
    const question = asked.get(frame.id)
    asked.delete(frame.id)
    if (frame.kind === 'resolved') {
      question?.resolve(frame.head)
      return
    }
    const { code, message } = JSON.parse(frame.head) as ErrorHead
    question?.reject(new InferError(code, message))
  }

  async function work(): Promise<void> {
    working = true
    let flushedAtMs = performance.now()
    for (let frame = requests.shift(); frame; frame = requests.shift()) {
      if (frame.kind === 'stream') await sendStream(frame)
      else writer.hold(await reply(frame, handler, { ask, tellOpen }))
      const now = performance.now()
      if (requests.length > 0 && now - flushedAtMs < FLUSH_MS) continue
      writer.flush()
      flushedAtMs = now
    }
    working = false
  }

  async function sendStream(frame: Frame): Promise<void> {
    const { id } = frame
    try {
      for await (const chunk of handler.stream(frame)) writer.send({ id, kind: 'chunk', head: chunk, tensors: [] })
      writer.send({ id, kind: 'result', head: '', tensors: [] })
    } catch (error) {
      writer.send({ id, kind: 'error', head: JSON.stringify(errorHead(error)), tensors: [] })
    }
  }

  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        if (frame.kind === 'resolved' || frame.kind === 'refused') answer(frame)
        else requests.push(frame)
      }
      if (!working) void work()
    })
    stream.on('close', resolve)
    stream.on('error', () => resolve())
  })
}

async function reply(frame: Frame, handler: ChildHandler, front: Front): Promise<Buffer> {
  const { id, kind } = frame
  try {
    if (kind === 'infer') return encodeFrame({ id, kind: 'result', ...(await handler.infer(frame)) })
    return encodeFrame({ id, kind: 'ready', head: await handler.init(frame.head, front), tensors: [] })
  } catch (error) {
    return encodeFrame({
      id,
      kind: kind === 'init' ? 'failed' : 'error',
      head: JSON.stringify(errorHead(error)),
      tensors: [],
    })
  }
}

/** The cause of what we did not foresee is for the log alone. */
function errorHead(error: unknown): ErrorHead {
  if (error instanceof InferError) return { code: error.code, message: error.message }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stdout.write(
    `${JSON.stringify({ time: new Date().toISOString(), level: 'error', message: 'the workflow threw', stack })}\n`,
  )
  return { code: 'internal', message: 'the workflow failed' }
}
