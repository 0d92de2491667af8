// DNSSEC: what the server says is checked by a validator that is not ours, BIND's delv.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { FleetEdge } from '../../lib/dns/fleet.js'
import { openDns, type DnsServer } from '../../lib/dns/server.js'
import { openSigner } from '../../lib/dns/signer.js'
import { SILENT } from '../../lib/log.js'
import { askUdp, queryFor, readResponse } from './wire.js'

const ZONE = 'fn.example'
const EDGES: FleetEdge[] = [
  { name: 'edge-a', port: 443, addresses: ['192.0.2.1', '2001:db8::1'], isLive: true, region: 'local', inFlight: 0 },
  { name: 'edge-b', port: 443, addresses: ['192.0.2.2'], isLive: true, region: 'local', inFlight: 0 },
]
let folder = ''
let dns: DnsServer
let edges = EDGES

const keyIn = async (file: string, curve = 'P-256'): Promise<string> => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  await writeFile(join(folder, file), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return join(folder, file)
}

const trust = (ds: string): Promise<void> => writeFile(join(folder, 'anchors'), `trust-anchors { ${ZONE}. static-ds ${ds.replace(/ (\S+)$/, ' "$1"')}; };\n`)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const signer = await openSigner(await keyIn('zone.key'), ZONE)
  await trust(signer.delegation)
  const settings = { ttlSeconds: 20, nameServers: [{ name: `ns1.${ZONE}`, address: '192.0.2.1' }], issuers: ['ca.example'], mostAnswers: null, answersPerSecond: 0, places: null, signer }
  const challenges = (name: string) => (name === ZONE ? ['one', 'another'] : [])
  dns = await openDns({ ...settings, challenges, host: '127.0.0.1', port: 0, zone: ZONE, fleet: { list: () => edges }, log: SILENT })
})

after(async () => {
  await dns[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What delv says of the answer, and the answer. */
const delv = (name: string, type: string): Promise<string> =>
  new Promise((resolve) => {
    const args = ['@127.0.0.1', '-p', String(dns.port), '-a', join(folder, 'anchors'), `+root=${ZONE}`, name, type]
    execFile('delv', args, { encoding: 'utf8', timeout: 60_000 }, (_, stdout, stderr) => resolve(stdout + stderr))
  })

const THERE: [name: string, type: string, holds: RegExp][] = [
  [ZONE, 'A', /A\s+192\.0\.2\.2/],
  [`Any.${ZONE}`, 'A', /A\s+192\.0\.2\.1/],
  [`deep.er.${ZONE}`, 'AAAA', /2001:db8::1/],
  [ZONE, 'SOA', /SOA\s+ns1\.fn\.example\./],
  [ZONE, 'NS', /NS\s+ns1\.fn\.example\./],
  [ZONE, 'DNSKEY', /DNSKEY\s+257 3 13/],
  [`x.${ZONE}`, 'CAA', /0 issue "ca\.example"/],
  [`_http._tcp.${ZONE}`, 'SRV', /SRV\s+1 0 443 edge-b\.fn\.example\./],
  [`_acme-challenge.${ZONE}`, 'TXT', /"another"/],
]

for (const [name, type, holds] of THERE) {
  test(`${type} of ${name} is signed`, async () => {
    const said = await delv(name, type)
    assert.match(said, /; fully validated/)
    assert.match(said, holds)
  })
}

const MISSING: [name: string, type: string, how: RegExp][] = [
  [`any.${ZONE}`, 'TXT', /negative response, fully validated/],
  [`edge-b.${ZONE}`, 'AAAA', /negative response, fully validated/],
  [`_tcp.${ZONE}`, 'A', /negative response, fully validated/],
  [`_nobody.${ZONE}`, 'A', /negative response, fully validated/],
  [`_acme-challenge.x.${ZONE}`, 'TXT', /negative response, fully validated/],
]

for (const [name, type, how] of MISSING) {
  test(`that there is no ${type} of ${name} is signed`, async () => {
    assert.match(await delv(name, type), how)
  })
}

test('without edges nothing is denied', async () => {
  edges = []
  assert.match(await delv(`x.${ZONE}`, 'A'), /SERVFAIL|failure/i)
  assert.match(await delv(`x.${ZONE}`, 'TXT'), /NSEC.* A AAAA/)
  edges = EDGES
})

test('another key is not believed', async () => {
  const other = await openSigner(await keyIn('other.key'), ZONE)
  const ours = await openSigner(join(folder, 'zone.key'), ZONE)
  await trust(other.delegation)
  assert.match(await delv(ZONE, 'A'), /broken trust chain|no valid signature|no valid DS|insecurity proof/i)
  await trust(ours.delegation)
})

test('who does not ask for signatures gets none, and a name that is not there is NXDOMAIN', async () => {
  const plain = readResponse(await askUdp(dns.port, queryFor(`x.${ZONE}`, { edns: {} })))
  assert.deepEqual(plain.answers?.map(({ type }) => type), ['A', 'A'])
  assert.equal(readResponse(await askUdp(dns.port, queryFor(`_nobody.${ZONE}`))).rcode, 'NXDOMAIN')
  const signed = readResponse(await askUdp(dns.port, queryFor(`x.${ZONE}`, { edns: { isDnssecOk: true } })))
  assert.deepEqual(signed.answers?.map(({ type }) => type), ['A', 'A', 'RRSIG'])
  // NXNAME stands for it (RFC 9824).
  assert.equal(readResponse(await askUdp(dns.port, queryFor(`_nobody.${ZONE}`, { edns: { isDnssecOk: true } }))).rcode, 'NOERROR')
  assert.match(await delv(`_nobody.${ZONE}`, 'A'), /NSEC.*TYPE128|NSEC.*NXNAME/)
})

test('a file that holds no such key is refused in words', async () => {
  await writeFile(join(folder, 'text'), 'key')
  await assert.rejects(openSigner(join(folder, 'text'), ZONE), { code: 'CONFIG_INVALID', message: /is no private key/ })
  await assert.rejects(openSigner(await keyIn('large.key', 'P-384'), ZONE), { code: 'CONFIG_INVALID', message: /is a key of another kind/ })
  await assert.rejects(openSigner(join(folder, 'none'), ZONE), { code: 'CONFIG_INVALID', message: /cannot be read/ })
})
