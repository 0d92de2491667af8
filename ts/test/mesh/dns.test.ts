// Edges that serve DNS themselves: each answers for the mesh, and an edge that dies is out of the answers.
import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connected, seesUp, startEdge, type Edge } from './harness/edges.js'

const PLACES = { 'edge-a': 'us-west-sfo', 'edge-b': 'us-east-iad' } as const

test('every edge answers for the mesh, its own region first, and an edge that dies is out of the answers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const env = { SWARMLAMBDA_DNS: 'on', SWARMLAMBDA_DNS_PORT: '0', SWARMLAMBDA_DNS_ZONE: 'fn.example' }
  const start = (name: keyof typeof PLACES, address: string) =>
    startEdge({ name, folder, region: PLACES[name], env: { ...env, SWARMLAMBDA_PUBLIC_ADDRESS: address } })
  const [a, b] = await Promise.all([start('edge-a', '192.0.2.1'), start('edge-b', '192.0.2.2')])
  await using _a = a
  await using _b = b
  const local = (edge: Edge) => ({ ...edge, url: `http://127.0.0.1:${edge.port}` })
  await connected([local(a), local(b)])
  const resolverOf = async (edge: Edge): Promise<Resolver> => {
    const resolver = new Resolver({ timeout: 5_000, tries: 2 })
    resolver.setServers([/127\.0\.0\.1:\d+/.exec(await edge.line('dns for fn.example on'))?.[0] ?? ''])
    return resolver
  }
  const [atA, atB] = await Promise.all([resolverOf(a), resolverOf(b)])
  const answered = async (resolver: Resolver, wanted: string): Promise<void> => {
    for (let last = '', end = Date.now() + 20_000; last !== wanted; ) {
      last = (await resolver.resolveSrv('_http._tcp.fn.example')).toSorted((x, y) => x.priority - y.priority).map(({ name }) => name.split('.')[0]).join(' ')
      assert.ok(Date.now() < end, `answered ${last}, wanted ${wanted}`)
    }
  }
  await answered(atA, 'edge-a edge-b')
  await answered(atB, 'edge-b edge-a')
  assert.deepEqual((await atA.resolve4('hello.fn.example')).sort(), ['192.0.2.1', '192.0.2.2'])
  await b.kill()
  await seesUp(local(a).url, ['edge-a'])
  await answered(atA, 'edge-a')
  assert.deepEqual(await atA.resolve4('hello.fn.example'), ['192.0.2.1'])
})
