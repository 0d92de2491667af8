// An edge with another key on the same machine: it never sees a function or a log, nor is it seen.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connected, seesUp, startEdge, type Edge } from './harness/edges.js'
import { call, deploy, invoke, snapshotWhere } from './harness/http.js'

let folder = ''
let a: Edge
let b: Edge
let stranger: Edge

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const key = randomBytes(32).toString('hex')
  const env = { SWARMLAMBDA_CLUSTER_KEY: key }
  ;[a, b, stranger] = await Promise.all([
    startEdge({ name: 'edge-a', folder, env }),
    startEdge({ name: 'edge-b', folder, env }),
    startEdge({ name: 'edge-c', folder, env: { SWARMLAMBDA_CLUSTER_KEY: randomBytes(32).toString('hex'), SWARMLAMBDA_PEERS: '127.0.0.1:47800,127.0.0.1:47801,127.0.0.1:47802' } }),
  ])
})
after(async () => {
  await Promise.all([a, b, stranger].map((edge) => edge.kill()))
  await rm(folder, { recursive: true, force: true })
})

test('an edge with another key never sees a function or a log', { timeout: 60_000 }, async () => {
  await connected([a, b])
  const marker = `marker${randomBytes(8).toString('hex')}`
  const answer = await deploy(a.url, marker, `exports.handler = async () => '${marker}'`)
  assert.equal(answer.status, 201, answer.text)
  assert.equal((await invoke(b.url, marker)).text, `"${marker}"`)

  // Ten more of its seconds, in which the others beacon and it tries to reach them.
  let seconds = 0
  await snapshotWhere(stranger.url, ({ edges, functions }) => {
    assert.deepEqual(edges.map(({ name }) => name), ['edge-c'])
    assert.deepEqual(functions, [])
    return (seconds += 1) > 5
  })
  assert.equal((await invoke(stranger.url, marker)).status, 404)
  assert.equal((await call('GET', `${stranger.url}/functions/${marker}`)).status, 404)
  await seesUp(a.url, ['edge-a', 'edge-b'])
  assert.doesNotMatch(stranger.output(), /peer connected/)

  // Not a byte of it on the stranger's disk.
  await stranger.stop()
  for (const entry of await readdir(join(folder, 'edge-c'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const content = await readFile(join(entry.parentPath, entry.name))
    assert.ok(!content.includes(marker), entry.name)
  }
})
