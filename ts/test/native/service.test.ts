// sd_notify: what a service manager hears of an edge. Node has no datagrams over Unix sockets, so Python listens.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEdge } from '../mesh/harness/edges.js'
import { start } from '../mesh/harness/processes.js'

const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('listens', flush=True)
while True: print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`

test('an edge says to the service manager that it is ready, that it lives, and that it stops', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const address of [join(folder, 'notify'), `@swarm-${process.pid}`]) {
    await using manager = start('python3', ['-c', LISTENER, address])
    await manager.line('listens')
    await using edge = await startEdge({ name: 'edge-a', folder, env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '300000' } })
    assert.match(await manager.line('READY=1'), new RegExp(`MAINPID=${edge.pid}$`))
    await manager.line('WATCHDOG=1')
    assert.equal(await edge.stop(), 0)
    await manager.line('STOPPING=1')
  }
})
