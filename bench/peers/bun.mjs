// A peer: Bun, all functions in one process, without isolation.
import { createRequire } from 'node:module'

const answer = createRequire(import.meta.url)('./serve.cjs').serve(process.env.BENCH_FUNCTIONS)
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const body = await answer(new URL(request.url).pathname, await request.text())
    return new Response(body ?? '', { status: body === null ? 404 : 200, headers: { 'content-type': 'application/json' } })
  },
})
console.log(`bun is ready on http://127.0.0.1:${server.port}`)
