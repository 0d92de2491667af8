import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { openAddresses } from '../../lib/dns/addresses.js'
import { openDns, type DnsServer } from '../../lib/dns/server.js'
import { fleetOfUpstreams } from '../../lib/dns/upstream-fleet.js'
import { SILENT } from '../../lib/log.js'
import type { Upstreams } from '../../lib/upstreams.js'
import { openStubEdge, untilUpstreams, upstreamsOf, type StubEdge } from '../proxy/stub-edge.js'
import { askTcp, askUdp, framed, lines, queryFor, readResponse } from './wire.js'

const PLAIN = { nameServers: [], issuers: [], mostAnswers: null, answersPerSecond: 0, places: null, log: SILENT }

interface Rig extends AsyncDisposable {
  dns: DnsServer
  upstreams: Upstreams
  resolver: Resolver
}

const openRig = async (edges: readonly StubEdge[], region: string | null = null): Promise<Rig> => {
  const upstreams = upstreamsOf(edges, { region, checkEveryMs: 20 })
  const endpoints = edges.map(({ endpoint }) => endpoint)
  const addresses = await openAddresses(endpoints, SILENT)
  const options = { host: '127.0.0.1', port: 0, zone: 'lambda.mesh', ttlSeconds: 5, ...PLAIN }
  const dns = await openDns({ ...options, fleet: fleetOfUpstreams(upstreams, addresses, region) })
  await upstreams.settled()
  const resolver = new Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([dns.address])
  return {
    dns,
    upstreams,
    resolver,
    [Symbol.asyncDispose]: async () => {
      await dns[Symbol.asyncDispose]()
      addresses[Symbol.dispose]()
      await upstreams[Symbol.asyncDispose]()
    },
  }
}

test('a resolver finds the edges while they live, nearest first', async () => {
  await using fra = await openStubEdge({ name: 'edge-c', region: 'eu-central-fra' })
  await using sfo = await openStubEdge({ name: 'edge-a', region: 'us-west-sfo' })
  await using rig = await openRig([fra, sfo], 'us-west-lax')
  assert.deepEqual(await rig.resolver.resolve4('hello.lambda.mesh', { ttl: true }), [{ address: '127.0.0.1', ttl: 5 }])
  const services = async () => (await rig.resolver.resolveSrv('_http._tcp.lambda.mesh')).toSorted((a, b) => a.priority - b.priority)
  assert.deepEqual(await services(), [
    { name: 'edge-a.lambda.mesh', port: sfo.endpoint.port, priority: 0, weight: 0 },
    { name: 'edge-c.lambda.mesh', port: fra.endpoint.port, priority: 1, weight: 0 },
  ])
  const { serial } = await rig.resolver.resolveSoa('lambda.mesh')

  await sfo.kill()
  fra.health = 'ready'
  await untilUpstreams(rig.upstreams, () => rig.upstreams.live().length === 1)
  assert.deepEqual(
    (await services()).map(({ name }) => name),
    ['edge-c.lambda.mesh'],
  )
  assert.ok((await rig.resolver.resolveSoa('lambda.mesh')).serial > serial)
  fra.health = 'draining'
  await untilUpstreams(rig.upstreams, () => rig.upstreams.live().length === 0)
  await assert.rejects(rig.resolver.resolve4('lambda.mesh'), { code: 'ESERVFAIL' })
  await assert.rejects(rig.resolver.resolve6('edge-c.lambda.mesh'), { code: 'ENODATA' })
  await assert.rejects(rig.resolver.resolveSrv('_ftp._tcp.lambda.mesh'), { code: 'ENOTFOUND' })
  await assert.rejects(rig.resolver.resolve4('example.org'), { code: 'EREFUSED' })
})

test('an edge given by name is answered with its addresses', async () => {
  const addresses = await openAddresses(
    [
      { host: 'pi.lan', port: 1 },
      { host: '::1', port: 2 },
      { host: 'gone.lan', port: 3 },
    ],
    SILENT,
    host => (host === 'pi.lan' ? Promise.resolve(['10.0.0.7', 'fe80::7']) : Promise.reject(new Error('not found'))),
  )
  assert.deepEqual([addresses.of('pi.lan'), addresses.of('::1'), addresses.of('gone.lan')], [
    ...[['10.0.0.7', 'fe80::7'], ['::1'], []],
  ])
  addresses[Symbol.dispose]()
})

test('one TCP connection carries many queries, in whatever pieces they come, answered in order', async () => {
  await using edge = await openStubEdge()
  await using rig = await openRig([edge])
  const ids = [1, 2, 3, 4, 5]
  const bytes = Buffer.concat(ids.map(id => framed(queryFor(`f${id}.lambda.mesh`, { id }))))
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(at * 7, at * 7 + 7))
  for (const parts of [[bytes], pieces]) {
    const answers = (await askTcp(rig.dns.port, parts, ids.length)).map(readResponse)
    assert.deepEqual(
      answers.map(({ id, answers: records }) => [id, lines(records)]),
      ids.map(id => [id, [`f${id}.lambda.mesh A 127.0.0.1`]]),
    )
  }
})

test('a TCP client that sends no query is cut off, and open connections do not keep it from closing', async () => {
  await using edge = await openStubEdge()
  const rig = await openRig([edge])
  for (const bytes of [framed(Buffer.alloc(3)), framed(Buffer.alloc(0)), framed(Buffer.alloc(12, 0xff))]) {
    assert.deepEqual(await askTcp(rig.dns.port, [bytes], 1), [])
  }
  const idle = connect(rig.dns.port, '127.0.0.1')
  await once(idle, 'connect')
  const [answer] = await askTcp(rig.dns.port, [framed(queryFor('lambda.mesh'))], 1)
  assert.ok(answer)
  const closed = once(idle.resume(), 'close')
  await rig[Symbol.asyncDispose]()
  await closed
})

test('garbage over UDP is survived', async () => {
  await using edge = await openStubEdge()
  await using rig = await openRig([edge])
  const socket = createSocket('udp4')
  let seed = 7
  for (let round = 0; round < 500; round += 1) {
    const bytes = Buffer.alloc(round % 64)
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >>> 16
    await new Promise<void>(resolve => socket.send(bytes, rig.dns.port, '127.0.0.1', () => resolve()))
    // Now and then, so that the socket's buffer never fills and loses a question.
    if (round % 50 !== 49) continue
    assert.equal(readResponse(await askUdp(rig.dns.port, queryFor('lambda.mesh'))).rcode, 'NOERROR')
  }
  socket.close()
})

test('a port that is taken for UDP alone is taken', async () => {
  await using edge = await openStubEdge()
  const taken = createSocket('udp4').bind(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address()
  await using upstreams = upstreamsOf([edge])
  using addresses = await openAddresses([], SILENT)
  const options = { host: '127.0.0.1', port, zone: 'lambda.mesh', ttlSeconds: 5, ...PLAIN }
  await assert.rejects(openDns({ ...options, fleet: fleetOfUpstreams(upstreams, addresses, null) }), { code: 'ADDRESS_IN_USE' })
  taken.close()
})
