// Certificates from a certificate authority: Pebble, which finds the edges by the DNS server of one of them, as a real one would.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, type PeerCertificate } from 'node:tls'
import { openCertificateStore } from '../../lib/acme/store.js'
import type { ItemRecord } from '../../lib/registry/record.js'
import { createSealer } from '../../lib/registry/sealer.js'
import { connected, startEdge, type Edge } from './harness/edges.js'
import { call } from './harness/http.js'
import { start, type Program } from './harness/processes.js'

/** Seconds: a third of it is left after two thirds. */
const VALID = 15
const NAME = 'fn.example'

let folder = ''
let directory = ''
let edges: Edge[] = []
let pebble: Program | null = null

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

const startPebble = async (listen: number, httpPort: number, dns: string): Promise<Program> => {
  const config = {
    listenAddress: `127.0.0.1:${listen}`,
    managementListenAddress: '127.0.0.1:0',
    certificate: join(folder, 'pebble.pem'),
    privateKey: join(folder, 'pebble.key'),
    httpPort,
    tlsPort: 1,
    ocspResponderURL: '',
    certificateValidityPeriod: VALID,
  }
  await writeFile(join(folder, 'pebble.json'), JSON.stringify({ pebble: config }))
  const program = start('pebble', ['-config', join(folder, 'pebble.json'), '-dnsserver', dns], { env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0' } })
  await program.line('ACME directory available')
  return program
}

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  SWARMLAMBDA_ACME_NAMES: NAME,
  SWARMLAMBDA_ACME_DIRECTORY: directory,
  SWARMLAMBDA_ACME_RETRIES: '1000',
  SWARMLAMBDA_HTTPS_PORT: '0',
  SWARMLAMBDA_DNS: 'on',
  SWARMLAMBDA_DNS_PORT: '0',
  SWARMLAMBDA_DNS_ZONE: NAME,
  NODE_EXTRA_CA_CERTS: join(folder, 'pebble.pem'),
  ...more,
})

const httpsPort = async (edge: Edge): Promise<number> => Number(/https:\S+:(\d+)/.exec(await edge.line('https on'))?.[1])

/** What an edge shows for the name; null: it has nothing to show. */
const shown = async (edge: Edge): Promise<PeerCertificate | null> => {
  const host = /https:\/\/([\d.]+):/.exec(await edge.line('https on'))?.[1] ?? ''
  const socket = connect({ host, port: await httpsPort(edge), servername: NAME, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate()
  } catch {
    return null
  } finally {
    socket.destroy()
  }
}

/** Resolves when all edges show one certificate that is not `other`. */
const allShow = async (other: string | null = null): Promise<PeerCertificate> => {
  for (const end = Date.now() + 60_000; ; ) {
    const [first = null, ...rest] = await Promise.all(edges.map(shown))
    if (first && first.fingerprint256 !== other && rest.every((each) => each?.fingerprint256 === first.fingerprint256)) return first
    assert.ok(Date.now() < end, edges.map((edge) => edge.output()).join('\n'))
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const files = ['-keyout', join(folder, 'pebble.key'), '-out', join(folder, 'pebble.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', ...files], { stdio: 'ignore' })
})

after(async () => {
  for (const program of [...edges, pebble]) await program?.kill()
  await rm(folder, { recursive: true, force: true })
})

test('an order that fails is said and made again; its certificate serves on every edge', async () => {
  const port = await freePort()
  directory = `https://127.0.0.1:${port}/dir`
  const first = await startEdge({ name: 'edge-a', folder, env: environment() })
  edges = [first]
  assert.match(await first.line('no certificate was issued'), /failures=1 .*ECONNREFUSED/)
  assert.equal(await shown(first), null)
  // Where the name leads to, the port has to be the same.
  edges.push(await startEdge({ name: 'edge-b', folder, port: first.port, env: environment({ SWARMLAMBDA_HTTP_HOST: '127.0.0.2', SWARMLAMBDA_CONTROL: 'auto' }) }))
  await connected(edges)
  const dns = /127\.0\.0\.1:\d+/.exec(await first.line(`dns for ${NAME} on`))?.[0] ?? ''
  pebble = await startPebble(port, first.port, dns)
  const { subjectaltname } = await allShow()
  assert.equal(subjectaltname, `DNS:${NAME}`)
  await first.line('the certificate is in use')
})

test('it is renewed while a third of its lifetime is left, by one edge for all', async () => {
  const before = await allShow()
  const after = await allShow(before.fingerprint256)
  assert.notEqual(after.serialNumber, before.serialNumber)
  const count = (text: string): number => edges.reduce((sum, edge) => sum + edge.output().split(text).length - 1, 0)
  const issued = (pebble?.output().split('Issued certificate serial').length ?? 1) - 1
  // One may be on its way.
  assert.ok(count('a certificate is ordered') - count('no certificate was issued') <= issued + 1, pebble?.output())
})

test('a wildcard is ordered by DNS', async () => {
  await Promise.all(edges.map((edge) => edge.stop()))
  const { port } = edges[0] ?? { port: 0 }
  const env = environment({ SWARMLAMBDA_ACME_NAMES: `${NAME},*.${NAME}`, SWARMLAMBDA_ACME_CHALLENGE: 'dns-01', SWARMLAMBDA_HTTP_REDIRECT: 'on' })
  const first = await startEdge({ name: 'edge-a', folder, port, env })
  edges = [first]
  await pebble?.kill()
  const dns = /127\.0\.0\.1:\d+/.exec(await first.line(`dns for ${NAME} on`))?.[0] ?? ''
  pebble = await startPebble(Number(new URL(directory).port), port, dns)
  const { subjectaltname } = await allShow()
  assert.equal((await call('GET', `${first.url}/cluster`)).status, 308)
  assert.match((await call('GET', `${first.url}/.well-known/acme-challenge/unknown`)).text, /no certificate is ordered/)
  assert.deepEqual(subjectaltname?.split(', ').sort(), [`DNS:${NAME}`, `DNS:*.${NAME}`].sort())
})

test('keys in the registry are sealed, and of no use to another cluster', async () => {
  const items = new Map<string, ItemRecord>()
  const registry = {
    item: (name: string) => items.get(name) ?? null,
    put({ name, value }: { name: string; value: Record<string, unknown> }) {
      const record = { v: 1, name, value, kind: 'item', deleted: false, hlc: [0, 0], edge: 'e', revisionId: 'r', previous: [], lastModified: 0, createdAt: 0 } as const
      items.set(name, { ...record, hlc: [0, 0], previous: [] })
      return Promise.resolve({ ...record, hlc: [0, 0] as [number, number], previous: [] })
    },
  }
  const [ours, theirs] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((key) => createSealer(() => [key]))
  assert.ok(ours && theirs)
  const about = { directory: 'https://ca.example/dir', names: [NAME] }
  const store = openCertificateStore(registry, ours, about)
  const secret = '-----BEGIN PRIVATE KEY-----'
  await store.write({ issued: { chain: Buffer.from('chain'), key: Buffer.from(secret) }, failures: 0, triedAt: 1, reason: null, by: 'edge-a' })
  assert.equal(await store.accountKey(() => Promise.resolve(Buffer.from(secret))), secret)
  assert.doesNotMatch(JSON.stringify([...items]), /PRIVATE/)
  assert.equal(store.certificate()?.key.toString(), secret)
  assert.equal(openCertificateStore(registry, theirs, about).certificate(), null)
  // A try that fails leaves the certificate.
  await store.write({ issued: null, failures: 1, triedAt: 2, reason: 'no', by: 'edge-b' })
  assert.equal(store.certificate()?.chain.toString(), 'chain')
})
