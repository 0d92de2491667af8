// DNS over TCP (RFC 7766): messages with a length before each, any number on one connection, answered in order.

import { createServer, type Server, type Socket } from 'node:net'

/** A connection on which nothing comes, or from which nothing is taken, for so long is closed. */
const IDLE_MS = 10_000
const MAX_CONNECTIONS = 128
const LENGTH_BYTES = 2

export type Respond = (message: Buffer, from: string) => Buffer | null

const frame = (message: Buffer): Buffer => {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

const serve = (socket: Socket, respond: Respond): void => {
  let buffered: Buffer = Buffer.alloc(0)
  const from = socket.remoteAddress ?? ''
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => socket.resume())
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    while (buffered.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + buffered.readUInt16BE(0)
      if (buffered.length < end) return
      const response = respond(buffered.subarray(LENGTH_BYTES, end), from)
      buffered = buffered.subarray(end)
      // What is no query at all: whatever follows is not to be trusted either.
      if (response === null) return void socket.destroy()
      // A client that does not read its answers gets no more of them.
      if (!socket.write(frame(response))) socket.pause()
    }
  })
}

/** Not listening yet. Its connections are in `sockets` while they are open. */
export const createTcpServer = (respond: Respond, sockets: Set<Socket>): Server => {
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, respond)
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}
