import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import Koa from 'koa'
import { listen } from '../../src/http/server.ts'

const servers: Server[] = []
after(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

test('a client that sends its headers for ever, and never reads or closes, is let go', async () => {
  const times = { headersTimeout: 300, requestTimeout: 5000, keepAliveTimeout: 5000, connectionsCheckingInterval: 50 }
  const [server] = (await listen(new Koa(), [{ host: '127.0.0.1', port: 0 }], times)) as [Server]
  servers.push(server)
  const connections = promisify(server.getConnections.bind(server))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('POST /service_output HTTP/1.1\r\nHost: a\r\n')
  await new Promise((resolve) => setTimeout(resolve, 150))
  assert.equal(await connections(), 1)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  assert.equal(await connections(), 0)
  socket.destroy()
})
