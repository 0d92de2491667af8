// A peer: uWebSockets.js, all functions in one process, without isolation.
import { createRequire } from 'node:module'
import uws from 'uwebsockets'

const answer = createRequire(import.meta.url)('./serve.cjs').serve(process.env.BENCH_FUNCTIONS)
uws
  .App()
  .post('/*', (response, request) => {
    const path = request.getUrl()
    let body = ''
    let gone = false
    response.onAborted(() => (gone = true))
    response.onData(async (chunk, last) => {
      body += Buffer.from(chunk).toString()
      if (!last) return
      const text = await answer(path, body)
      if (!gone) response.cork(() => response.writeStatus(text === null ? '404' : '200').writeHeader('content-type', 'application/json').end(text ?? ''))
    })
  })
  .listen('127.0.0.1', 0, (socket) => {
    if (!socket) throw new Error('uWebSockets.js cannot listen')
    console.log(`uWebSockets.js is ready on http://127.0.0.1:${uws.us_socket_local_port(socket)}`)
  })
