// Keys and revocation as an operator uses them: three edges with a key of their own in the environment, under traffic.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connected, seesUp, startEdge, type Edge } from './harness/edges.js'
import { call, deploy, invoke, snapshotWhere } from './harness/http.js'
import { runToEnd } from './harness/processes.js'

const key = randomBytes(32).toString('hex')
let folder = ''
const edges: Edge[] = []

const open = async (name: string): Promise<Edge> => {
  const edge = await startEdge({ name, region: 'us-east-iad', folder, env: { SWARMLAMBDA_CLUSTER_KEY: key } })
  edges.push(edge)
  return edge
}
const keys = async (edge: Edge, ...args: string[]): Promise<string> => {
  const { code, output } = await runToEnd(process.execPath, ['bin/swarmlambda.js', 'keys', ...args, '--endpoint', edge.url])
  assert.equal(code, 0, output)
  return output
}
/** Invokes on every edge in turn until it is told to stop; what did not answer as it should. */
const traffic = (targets: readonly Edge[], name: string, expected: string): { stop: () => Promise<string[]> } => {
  const failures: string[] = []
  let stopped = false
  const run = async (edge: Edge): Promise<void> => {
    while (!stopped) {
      const { status, text } = await invoke(edge.url, name)
      if (status !== 200 || text !== expected) failures.push(`${edge.name}: ${status} ${text}`)
    }
  }
  const running = targets.map(run)
  return {
    stop: async () => {
      stopped = true
      await Promise.all(running)
      return failures
    },
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  await Promise.all(['edge-a', 'edge-b', 'edge-c'].map(open))
  edges.sort((one, other) => (one.name < other.name ? -1 : 1))
})
after(async () => {
  await Promise.all(edges.map((edge) => edge.kill()))
  await rm(folder, { recursive: true, force: true })
})

test('the cluster key is rotated and retired under traffic, without a connection lost or a request failed', { timeout: 90_000 }, async () => {
  const [a, b, c] = edges
  assert.ok(a && b && c)
  await connected([a, b, c])
  const answer = await deploy(a.url, 'secret', 'exports.handler = async () => process.env.TOKEN', { environment: { TOKEN: 'abc' } })
  assert.equal(answer.status, 201, answer.text)
  const load = traffic([a, b, c], 'secret', '"abc"')
  assert.match(await keys(a, 'rotate'), /edge-b, edge-c/)
  assert.equal((await deploy(b.url, 'between', 'exports.handler = async () => 1', {})).status, 201)
  assert.match(await keys(b, 'retire'), /edge-a, edge-c/)
  assert.deepEqual(await load.stop(), [])
  for (const edge of [a, b, c]) assert.doesNotMatch(edge.output(), /peer lost/)
  const ids = await Promise.all([a, b, c].map(async ({ url }) => (await call('GET', `${url}/cluster/keys`)).text))
  assert.equal(new Set(ids).size, 1)

  // An edge with the old key alone is a stranger now. One that restarts is not, whatever its variable says.
  const old = await open('edge-d')
  await c.kill()
  const again = await startEdge({ name: 'edge-c', folder, env: { SWARMLAMBDA_CLUSTER_KEY: key } })
  edges.splice(edges.indexOf(c), 1, again)
  await connected([a, b, again])
  assert.equal((await invoke(again.url, 'secret', {}, { 'x-swarm-failover': 'never' })).text, '"abc"')
  await snapshotWhere(old.url, ({ edges: seen }) => seen.length === 1)
  await seesUp(a.url, ['edge-a', 'edge-b', 'edge-c'])
  assert.doesNotMatch(old.output(), /peer connected/)
  // The operator gives it the key.
  await old.kill()
  await copyFile(join(folder, 'edge-a', 'cluster.key'), join(folder, 'edge-d', 'cluster.key'))
  edges.splice(edges.indexOf(old), 1)
  const joined = await open('edge-d')
  await connected([a, b, again, joined])
  assert.equal((await invoke(joined.url, 'secret')).text, '"abc"')
})

test('a revoked edge is refused for good, after its restart too; what it published before stays', { timeout: 90_000 }, async () => {
  const [a, b, c, d] = edges
  assert.ok(a && b && c && d)
  assert.equal((await deploy(`${c.url}`, 'of-c', 'exports.handler = async () => "before"')).status, 201)
  await snapshotWhere(a.url, ({ functions }) => functions.some(({ edges: at, name }) => name === 'of-c' && at.length === 4))
  assert.match(await keys(a, 'revoke', 'edge-c'), /edge-c .* is no edge of this cluster/)
  await seesUp(a.url, ['edge-a', 'edge-b', 'edge-d'])
  await seesUp(c.url, ['edge-c'])
  assert.equal((await deploy(c.url, 'of-c', 'exports.handler = async () => "after"')).status, 200)
  await c.kill()
  const again = await startEdge({ name: 'edge-c', folder, env: { SWARMLAMBDA_CLUSTER_KEY: key } })
  edges.splice(edges.indexOf(c), 1, again)
  // Even with the new key it stays out.
  await again.kill()
  await copyFile(join(folder, 'edge-a', 'cluster.key'), join(folder, 'edge-c', 'cluster.key'))
  const third = await startEdge({ name: 'edge-c', folder, env: { SWARMLAMBDA_CLUSTER_KEY: key } })
  edges.splice(edges.indexOf(again), 1, third)
  await Promise.all([a, b, d].map((edge) => edge.line('hello refused: revoked')))
  await deploy(b.url, 'last', 'exports.handler = async () => 1')
  await snapshotWhere(d.url, ({ functions }) => functions.some(({ edges: at, name }) => name === 'last' && at.length === 3))
  await seesUp(third.url, ['edge-c'])
  for (const edge of [a, b, d]) assert.equal((await invoke(edge.url, 'of-c')).text, '"before"')
  const { json } = await call('GET', `${b.url}/cluster/revocations`)
  assert.deepEqual((json as { revocations: { name: string }[] }).revocations.map(({ name }) => name), ['edge-c'])
  assert.ok((await readFile(join(folder, 'edge-b', 'cluster.key'), 'utf8')).includes('retired:'))
})
