// A front server that shows an edge under a path, as a reverse proxy with a prefix does.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WAIT_MS } from './browser.js'

export interface Prefix extends AsyncDisposable {
  /** Ends in `/`. */
  url: string
}

/** Serves `target` under `path` and nothing else. */
export async function openPrefix(target: string, path: string): Promise<Prefix> {
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith(`${path}/`)) {
      outgoing.writeHead(404).end()
      return
    }
    const forward = request(target + incoming.url.slice(path.length), { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    forward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forward.destroy())
    incoming.pipe(forward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening', { signal: AbortSignal.timeout(WAIT_MS) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
