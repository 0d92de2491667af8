// A peer: uWebSockets.js answering the same bytes from the same event, in one process, without isolation.
import uws from 'uwebsockets'

uws
  .App()
  .post('/*', (response) => {
    let body = ''
    response.onAborted(() => {})
    response.onData((chunk, last) => {
      body += Buffer.from(chunk).toString()
      if (!last) return
      const answer = JSON.stringify({ ok: true, e: JSON.parse(body) })
      response.cork(() => response.writeHeader('content-type', 'application/json').end(answer))
    })
  })
  .listen('127.0.0.1', 0, (socket) => {
    if (!socket) throw new Error('uWebSockets.js cannot listen')
    console.log(`uWebSockets.js is ready on http://127.0.0.1:${uws.us_socket_local_port(socket)}`)
  })
