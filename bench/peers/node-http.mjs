// A peer: node:http, all functions in one process, without isolation.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const answer = createRequire(import.meta.url)('./serve.cjs').serve(process.env.BENCH_FUNCTIONS)
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    const body = await answer(request.url, Buffer.concat(chunks).toString())
    response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body ?? '') })
    response.end(body ?? '')
  })
})
server.listen(0, '127.0.0.1', () => console.log(`node:http is ready on http://127.0.0.1:${server.address().port}`))
