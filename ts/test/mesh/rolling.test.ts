// A rolling upgrade: edge after edge is drained, stopped and started again under load, and no request fails.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NAMES, seesUp, startMesh, startProxy } from './harness/edges.js'
import { call, deploy, invoke } from './harness/http.js'

const CALLERS = 4

test('no request fails while one edge after the other is replaced', async () => {
  await using mesh = await startMesh()
  await using proxy = await startProxy(Object.values(mesh.edges))
  const answer = await deploy(proxy.url, 'hello', 'exports.handler = async (event) => event.n')
  assert.equal(answer.status, 201)
  let over = false
  const servedBy = new Map<string, number>()
  const failures: string[] = []
  const caller = async (): Promise<void> => {
    for (let n = 0; !over; n += 1) {
      const { headers, json, status } = await invoke(proxy.url, 'hello', { n }).catch((error: unknown) => ({ headers: {}, json: String(error), status: 0 }))
      if (status !== 200 || json !== n) failures.push(`${status} ${JSON.stringify(json)}`)
      const edge = (headers as Record<string, string>)['x-swarm-edge'] ?? ''
      servedBy.set(edge, (servedBy.get(edge) ?? 0) + 1)
    }
  }
  const callers = Promise.all(Array.from({ length: CALLERS }, caller))
  for (const name of NAMES) {
    assert.equal((await call('POST', `${mesh.url(name)}/drain`, {})).status, 200)
    assert.equal(await mesh.edges[name].stop(), 0)
    await mesh.restart(name)
    await Promise.all(NAMES.map((each) => seesUp(mesh.url(each), NAMES)))
  }
  over = true
  await callers
  assert.deepEqual(failures, [])
  assert.ok([...servedBy.values()].reduce((sum, count) => sum + count, 0) > 20 && servedBy.size > 1, JSON.stringify([...servedBy]))
})
