// A stub edge in a process of its own, to be killed: prints its port, answers after a moment.

import { openStubEdge } from './stub-edge.js'

const ANSWER_AFTER_MS = 2

const edge = await openStubEdge({
  name: process.argv[2] ?? 'edge-a',
  handler: (request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end('{"ok":true}'), ANSWER_AFTER_MS))
  },
})
process.stdout.write(`${edge.endpoint.port}\n`)
