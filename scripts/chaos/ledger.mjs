// A server outside of the mesh into which handlers write: what is in it did run.
import { once } from 'node:events'
import { createServer } from 'node:http'

/** The body of each request is an entry. */
export async function openLedger() {
  const counts = new Map()
  const server = createServer((request, response) => {
    let entry = ''
    request.setEncoding('utf8').on('data', (chunk) => { entry += chunk })
    request.on('end', () => {
      counts.set(entry, (counts.get(entry) ?? 0) + 1)
      response.end(String(counts.get(entry)))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    times: (entry) => counts.get(entry) ?? 0,
    /** Those that are in it more than once. */
    twice: () => [...counts].filter(([, times]) => times > 1).map(([entry]) => entry),
    size: () => counts.size,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
