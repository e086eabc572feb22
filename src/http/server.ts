import { createServer, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type Koa from 'koa'
import type { Bind } from '../config.ts'
import { errorBody } from './errors.ts'

/**
 * Limits on sockets of strangers: 10 s for the headers, checked each second (a slow-loris of thousands of sockets is
 * gone in 11 s); 5 min for a whole request, since a large body over a slow line is honest; 16 KiB of headers, Node's
 * own bound. Idle keep-alive sockets stay longer than the 15 s of the node's client, so that we never close under it.
 */
const TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1000,
}

const IDLE_SWEEP_MS = 50

/** Listens on each address; one server a bind. @throws the system's error when an address cannot be had */
export async function listen(app: Koa, binds: readonly Bind[], times = TIMES): Promise<Server[]> {
  const handle = app.callback()
  const servers: Server[] = []
  try {
    for (const bind of binds) {
      const server = createServer(times, handle)
      server.on('clientError', refuse)
      servers.push(server)
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(bind, () => resolve())
      })
    }
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
  return servers
}

/** Requests that the HTTP parser refuses get the shape that every other refusal has. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const body = errorBody(status, `the request is not readable as HTTP: ${error.code ?? error.message}`)
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  // Not end(): a client that never closes its half would keep the connection.
  socket.destroySoon()
}

/**
 * Stops without losing a request: for a moment connections are still taken and answered with `Connection: close`
 * (closing at once resets keep-alive clients that are just sending), then no new ones, then what runs may end.
 * @returns whether everything was answered before `timeoutMs`
 */
export async function drain(
  servers: readonly Server[],
  { lameDuckMs, timeoutMs }: { lameDuckMs: number; timeoutMs: number },
): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, Math.min(lameDuckMs, timeoutMs)))
  const closed = Promise.all(
    servers.map((server) => new Promise<boolean>((resolve) => server.close(() => resolve(true)))),
  )
  // A connection may become idle at any time, when its last answer has been read.
  const sweep = setInterval(() => {
    for (const server of servers) server.closeIdleConnections()
  }, IDLE_SWEEP_MS)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  const answered = await Promise.race([closed.then(() => true), late])
  clearTimeout(timer)
  clearInterval(sweep)
  return answered
}
