// A state directory that was copied while its edge was stopped, device file and all: both edges start, and one must go.
import assert from 'node:assert/strict'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connected, startEdge } from './harness/edges.js'
import { deploy } from './harness/http.js'

test('of two running edges with one identity both say so, and the younger one ends', { timeout: 150_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const first = await startEdge({ name: 'edge-a', folder })
  assert.equal((await deploy(first.url, 'f', 'exports.handler = async () => 1')).status, 201)
  await first.stop()
  // The copy has the identity; a store of its own, because the device file of a copied one would be refused at the start.
  await cp(join(folder, 'edge-a'), join(folder, 'edge-b'), { recursive: true })
  await rm(join(folder, 'edge-b', 'store', 'CORESTORE'))
  await rename(join(folder, 'edge-b'), join(folder, 'edge-c'))
  await using elder = await startEdge({ name: 'edge-a', folder })
  await using other = await startEdge({ name: 'edge-b', folder })
  await connected([elder, other])
  await using younger = await startEdge({ name: 'edge-c', folder })
  await elder.line('another running edge has this identity')
  assert.equal(await younger.exited, 1)
  assert.match(younger.output(), /is a copy: remove it/)
  await connected([elder, other], 40_000)
  assert.equal((await deploy(elder.url, 'g', 'exports.handler = async () => 2')).status, 201)
  await Promise.all([elder, other].map((edge) => edge.kill()))
  await rm(folder, { recursive: true, force: true })
})
