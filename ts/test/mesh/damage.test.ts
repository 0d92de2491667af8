// Disks that lose, cut and flip what was written, under a real edge. Whatever happens to its files: it comes up, says
// so, has everything that the others have, and its log is never forked.
import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connected, startEdge, type Edge } from './harness/edges.js'
import { call, deploy, invoke, snapshotWhere } from './harness/http.js'
import { damage, restore } from '../registry/damaged.js'
import { seeded } from '../registry/seeded.js'

const FUNCTIONS = 6
let folder = ''
let b: Edge
let a: Edge

const names = async (edge: Edge): Promise<string[]> =>
  ((await call('GET', `${edge.url}/functions`)).json as { functions: { name: string; revisionId: string }[] }).functions.map(({ name, revisionId }) => `${name} ${revisionId}`)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  ;[a, b] = await Promise.all(['edge-a', 'edge-b'].map((name) => startEdge({ name, folder }))) as [Edge, Edge]
})
after(async () => {
  await Promise.all([a, b].map((edge) => edge.kill()))
  await rm(folder, { recursive: true, force: true })
})

test('whatever happens to its files, an edge comes up, has what the others have, and goes on without a fork', { timeout: 180_000 }, async () => {
  const stateDir = join(folder, 'edge-a')
  const [clean, crashed] = [join(folder, 'saved', 'clean'), join(folder, 'saved', 'crashed')]
  await connected([a, b])
  for (let index = 0; index < FUNCTIONS; index += 1) assert.equal((await deploy(a.url, `f${index}`, `exports.handler = async () => ${index}`)).status, 201)
  // Opened again: tables, and not only a write-ahead log.
  assert.equal(await a.stop(), 0)
  a = await startEdge({ name: 'edge-a', folder })
  await connected([a, b])
  for (let index = 0; index < FUNCTIONS; index += 1) await deploy(a.url, `f${index}`, `exports.handler = async () => ${index + 100}`)
  await snapshotWhere(b.url, ({ functions }) => functions.every(({ edges }) => edges.length === 2))
  await a.kill()
  await cp(stateDir, crashed, { recursive: true })
  a = await startEdge({ name: 'edge-a', folder })
  await connected([a, b])
  await deploy(a.url, 'f0', 'exports.handler = async () => 100')
  await a.stop()
  await cp(stateDir, clean, { recursive: true })

  for (let seed = 1; seed <= 12; seed += 1) {
    await restore(seed % 2 === 0 ? crashed : clean, stateDir)
    const what = `seed ${seed}: ${await damage(stateDir, seeded(seed))}`
    a = await startEdge({ name: 'edge-a', folder }).catch((error: unknown) => {
      throw new Error(what, { cause: error })
    })
    const context = (error: unknown): never => {
      throw new Error(`${what}\n${a.output().split('\n').filter((line) => !line.includes('debug')).join('\n')}`, { cause: error })
    }
    // It may be opened more than once until all of the damage is found.
    await snapshotWhere(b.url, ({ edges, functions }) => edges.filter(({ state }) => state === 'up').length === 2 && functions.every(({ edges: at }) => at.length === 2), 30_000).catch(context)
    const answer = await deploy(a.url, 'after', `exports.handler = async () => ${JSON.stringify(what)}`)
    assert.ok(answer.status < 300, `${what}: ${answer.text}\n${a.output()}`)
    await snapshotWhere(b.url, ({ functions }) => functions.some(({ codeSha256, edges: at, name }) => name === 'after' && codeSha256 === (answer.json as { codeSha256: string }).codeSha256 && at.length === 2)).catch(context)
    assert.deepEqual(await names(a), await names(b), what)
    for (let index = 0; index < FUNCTIONS; index += 1) assert.equal((await invoke(a.url, `f${index}`, {}, { 'x-swarm-failover': 'never' })).text, String(index + 100), what)
    await a.kill()
  }
})
