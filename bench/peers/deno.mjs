// A peer: Deno, all functions in one process, without isolation.
import { createRequire } from 'node:module'

const answer = createRequire(import.meta.url)('./serve.cjs').serve(Deno.env.get('BENCH_FUNCTIONS'))
const onListen = ({ port }) => console.log(`deno is ready on http://127.0.0.1:${port}`)
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, async (request) => {
  const body = await answer(new URL(request.url).pathname, await request.text())
  return new Response(body ?? '', { status: body === null ? 404 : 200, headers: { 'content-type': 'application/json' } })
})
