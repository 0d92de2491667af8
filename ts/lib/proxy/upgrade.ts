// WebSockets through the proxy: the handshake is forwarded like any request, then the two sockets are joined.

import { ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { forward, type Forwarding } from './forward.js'
import { endToEnd } from './headers.js'

/** A response that Node does not make by itself for a request it took for an upgrade. */
const responseOn = (request: IncomingMessage, socket: Socket): ServerResponse => {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  socket.on('drain', () => response.emit('drain'))
  response.on('finish', () => {
    response.detachSocket(socket)
    socket.end()
  })
  return response
}

const join = (client: Socket, edge: Duplex): void => {
  const close = (): void => {
    client.destroy()
    edge.destroy()
  }
  for (const socket of [client, edge]) socket.on('error', close).on('close', close)
  client.pipe(edge)
  edge.pipe(client)
}

/** Reads the request once more as one that asks for no upgrade, as RFC 9110 §7.8 lets a server do. */
const replay = (server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void => {
  const headers = endToEnd(request.rawHeaders)
  const encoding = request.headers['transfer-encoding']
  if (encoding !== undefined) headers.push('Transfer-Encoding', encoding)
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`, 'Connection: close']
  for (let index = 0; index + 1 < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

/** Handles `server`'s upgrades. `sockets` holds those of the tunnels that are open. */
export const handleUpgrades = (server: Server, forwarding: Forwarding, sockets: Set<Duplex>): void => {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const protocol = request.headers.upgrade ?? ''
    if (protocol.toLowerCase() !== 'websocket') return replay(server, request, socket, head)

    socket.on('error', () => socket.destroy())
    // It is this program's now, so it does not time out as a connection that waits for a request.
    socket.setTimeout(0)
    const response = responseOn(request, socket)
    const onUpgrade = (raw: string[], edge: Duplex): void => {
      response.detachSocket(socket)
      const headers = [...endToEnd(raw), 'Connection', 'Upgrade', 'Upgrade', protocol]
      const lines = ['HTTP/1.1 101 Switching Protocols']
      for (let index = 0; index + 1 < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
      socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
      if (head.length > 0) edge.write(head)
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      join(socket, edge)
    }
    void forward(forwarding, request, response, { protocol, onUpgrade })
  })
}
