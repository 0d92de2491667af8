import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { Agent, request } from 'undici'
import { openProxy } from '../../lib/proxy/proxy.js'
import { openUpstreams } from '../../lib/upstreams.js'
import { SILENT } from '../../lib/log.js'
import type { Endpoint } from '../../lib/config.js'

const PROCESS = new URL('./stub-edge-process.js', import.meta.url).pathname

interface Child extends AsyncDisposable {
  endpoint: Endpoint
  process: ChildProcess
  kill(): Promise<void>
}

const openChild = async (name: string): Promise<Child> => {
  const child = spawn(process.execPath, [PROCESS, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  return { endpoint: { host: '127.0.0.1', port }, process: child, kill, [Symbol.asyncDispose]: kill }
}

test('kill -9 of the edge in use costs no request: not those under way, not those on idle connections', async () => {
  await using a = await openChild('edge-a')
  await using b = await openChild('edge-b')
  await using upstreams = openUpstreams({ edges: [a.endpoint, b.endpoint], region: null, log: SILENT })
  await using proxy = await openProxy({ host: '127.0.0.1', port: 0, upstreams, log: SILENT })
  await upstreams.settled()
  const agent = new Agent()
  const post = async (): Promise<{ status: number; edge: string }> => {
    const { statusCode, headers, body } = await request(proxy.url, { method: 'POST', body: '{}', dispatcher: agent })
    await body.text()
    return { status: statusCode, edge: String(headers['x-swarm-edge']) }
  }

  // Idle connections: nothing is under way, so nothing may be lost.
  const warm = await Promise.all(Array.from({ length: 16 }, post))
  assert.ok(warm.every(({ status, edge }) => status === 200 && edge === 'edge-a'))
  await a.kill()
  const after = await Promise.all(Array.from({ length: 16 }, post))
  assert.deepEqual(new Set(after.map(({ status }) => status)), new Set([200]))

  // Under load: what was under way at the moment of the kill is sent to the other edge.
  await using c = await openChild('edge-c')
  await using two = openUpstreams({ edges: [c.endpoint, b.endpoint], region: null, log: SILENT })
  await using busy = await openProxy({ host: '127.0.0.1', port: 0, upstreams: two, log: SILENT })
  await two.settled()
  const CLIENTS = 16
  let failures = 0
  let served = 0
  const stop = new AbortController()
  const down = once(two.events, 'change')
  const client = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { statusCode, headers, body } = await request(busy.url, { method: 'POST', body: '{}', dispatcher: agent })
      await body.text()
      if (statusCode !== 200) failures += 1
      if (headers['x-swarm-edge'] === 'edge-b') served += 1
      if (served > 200) stop.abort()
      if (served === 0 && ++requests === 200) killed = c.kill()
    }
  }
  let requests = 0
  let killed = Promise.resolve()
  await Promise.all(Array.from({ length: CLIENTS }, client))
  await killed
  await down
  assert.equal(failures, 0)
  await agent.close()
})
