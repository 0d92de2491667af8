// Answers by the client's place: EDNS Client Subnet, the resolver's address, load, and response rate limiting.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { nearestTo, type FleetEdge } from '../../lib/dns/fleet.js'
import { createLimiter } from '../../lib/dns/limiter.js'
import { openPlaces, type Places } from '../../lib/dns/places.js'
import { openDns, type DnsServer } from '../../lib/dns/server.js'
import { SILENT } from '../../lib/log.js'
import { writeMmdb } from './mmdb.js'
import { askTcp, askUdp, framed, lines, queryFor, readResponse } from './wire.js'

let folder = ''
let places: Places
let dns: DnsServer

const edge = (name: string, region: string, address: string): FleetEdge => ({ name, region, port: 443, addresses: [address], isLive: true, inFlight: 0 })
const FRA = edge('edge-c', 'eu-central-fra', '10.0.0.3')
const SFO = edge('edge-a', 'us-west-sfo', '10.0.0.1')
const SIN = edge('edge-b', 'ap-southeast-sin', '10.0.0.2')
let edges: readonly FleetEdge[] = [SFO, SIN, FRA]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const file = join(folder, 'city.mmdb')
  await writeFile(file, writeMmdb([{ network: '81.2.69.0/24', latitude: 48.85, longitude: 2.35 }, { network: '203.0.113.0/26', latitude: -6.2, longitude: 106.8 }]))
  places = await openPlaces(file)
  dns = await openDns({ host: '127.0.0.1', port: 0, zone: 'fn.example', ttlSeconds: 20, nameServers: [], issuers: [], mostAnswers: 2, answersPerSecond: 10, places, fleet: { list: () => edges }, log: SILENT })
})

after(async () => {
  await dns[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const subnet = (family: number, prefix: number, ...bytes: number[]): Buffer => Buffer.from([0, 8, 0, bytes.length + 4, 0, family, prefix, 0, ...bytes])

const ask = async (options?: Buffer) => {
  const response = readResponse(await askUdp(dns.port, queryFor('x.fn.example', { edns: options === undefined ? {} : { options } })))
  const opt = response.additionals?.find((record) => record.type === 'OPT')
  return { rcode: response.rcode, answers: lines(response.answers).map((line) => line.split(' ').at(-1)), options: opt?.type === 'OPT' ? opt.options : [] }
}

test('a client gets the edges nearest to its subnet, with how far that is good', async () => {
  const paris = await ask(subnet(1, 24, 81, 2, 69))
  assert.deepEqual(paris.answers, ['10.0.0.3', '10.0.0.1'])
  const [option] = paris.options
  assert.ok(option !== undefined && 'scopePrefixLength' in option)
  assert.deepEqual([option.ip, option.sourcePrefixLength, option.scopePrefixLength], ['81.2.69.0', 24, 24])
  assert.deepEqual((await ask(subnet(1, 32, 203, 0, 113, 9))).answers, ['10.0.0.2', '10.0.0.3'])
  assert.deepEqual((await ask(subnet(1, 24, 198, 51, 100))).answers, ['10.0.0.1', '10.0.0.2'], 'unknown to the database: as the fleet has them')
  assert.deepEqual((await ask()).answers, ['10.0.0.1', '10.0.0.2'])
  assert.deepEqual((await ask(subnet(1, 0))).answers, ['10.0.0.1', '10.0.0.2'], 'a client that does not want to be known')
  assert.equal((await ask(subnet(1, 24, 81, 2))).rcode, 'FORMERR')
  assert.equal((await ask(subnet(1, 33, 81, 2, 69, 1, 0))).rcode, 'FORMERR')
})

test('an edge that leaves is out of the answers at once', async () => {
  edges = [SFO, SIN, { ...FRA, isLive: false }]
  assert.deepEqual((await ask(subnet(1, 24, 81, 2, 69))).answers, ['10.0.0.1', '10.0.0.2'])
  edges = [SFO, SIN, FRA]
  assert.deepEqual((await ask(subnet(1, 24, 81, 2, 69))).answers, ['10.0.0.3', '10.0.0.1'])
})

test('of edges that are as near, the less busy one is first', () => {
  const paris = { latitude: 48.85, longitude: 2.35 }
  const busy = { ...edge('a', 'eu-west-cdg', '10.0.0.4'), inFlight: 500 }
  const idle = edge('b', 'eu-west-ams', '10.0.0.5')
  assert.deepEqual(nearestTo(paris, [busy, SFO, idle]).map(({ name }) => name), ['b', 'a', 'edge-a'])
  assert.deepEqual(nearestTo(paris, [{ ...busy, inFlight: 3 }, idle]).map(({ name }) => name), ['a', 'b'])
})

test('a database without coordinates, and what is none, are refused', async () => {
  const file = join(folder, 'other.mmdb')
  await writeFile(file, writeMmdb([{ network: '81.2.69.0/24', latitude: 0, longitude: 0 }], 'GeoLite2-Country'))
  await assert.rejects(openPlaces(file), /other\.mmdb is a database of GeoLite2-Country, which has no coordinates/)
  await writeFile(file, 'no database')
  await assert.rejects(openPlaces(file), { code: 'CONFIG_INVALID' })
  await assert.rejects(openPlaces(join(folder, 'none')), /cannot be read/)
})

test('a network that asks too much over UDP is sent to TCP or not answered, and others are answered', () => {
  let now = 0
  const limit = createLimiter(5, () => now)
  const verdicts = (address: string, count: number) => Array.from({ length: count }, () => limit(address)).join(' ')
  assert.equal(verdicts('198.51.100.7', 10), Array(10).fill('answer').join(' '))
  assert.equal(verdicts('198.51.100.250', 4), 'drop truncate drop truncate')
  assert.equal(verdicts('198.51.101.7', 1), 'answer')
  now += 400
  assert.equal(verdicts('198.51.100.7', 3), 'answer answer drop')
  assert.equal(verdicts('2001:db8:0:100::1', 10), Array(10).fill('answer').join(' '))
  assert.equal(limit('2001:db8:0:1ff:1:2:3:4'), 'drop', 'one /56')
  assert.equal(limit('2001:db8:0:200::1'), 'answer')
  assert.equal(createLimiter(0, () => 0)('198.51.100.7'), 'answer')
})

test('transfers are refused, over TCP too', async () => {
  for (const type of ['AXFR', 'IXFR']) {
    const [answer] = await askTcp(dns.port, [framed(queryFor('fn.example', { type }))], 1)
    assert.ok(answer)
    assert.equal(readResponse(answer).rcode, 'REFUSED')
  }
})
