import assert from 'node:assert/strict'
import { test } from 'node:test'
import { respond } from '../../lib/dns/respond.js'
import type { Zone, ZoneEdge } from '../../lib/dns/zone.js'
import { lines, queryFor, readResponse, type Asked, type Response } from './wire.js'

const edge = (name: string, port: number, addresses: string[], isLive = true): ZoneEdge => ({
  name,
  port,
  addresses,
  isLive,
})

const ZONE: Zone = {
  name: 'lambda.mesh',
  ttlSeconds: 5,
  serial: 42,
  serverAddresses: ['127.0.0.53'],
  edges: [
    edge('edge-a', 8787, ['10.0.0.1', '2001:db8::1']),
    edge('edge-b', 8788, ['10.0.0.2']),
    edge('edge-c', 8789, ['10.0.0.3'], false),
  ],
}
const SOA = 'lambda.mesh SOA ns.lambda.mesh'

const ask = (name: string, asked: Asked = {}, zone: Zone = ZONE): Response => {
  const message = respond(queryFor(name, asked), zone, 'udp')
  assert.ok(message)
  const response = readResponse(message)
  assert.equal(response.id, 4711)
  assert.ok(response.flag_qr && response.flag_rd && !response.flag_ra)
  return response
}

/** rcode, answers, authorities. */
const short = (name: string, asked: Asked = {}, zone: Zone = ZONE): [string, string[], string[]] => {
  const { rcode, answers, authorities } = ask(name, asked, zone)
  return [rcode, lines(answers), lines(authorities)]
}

test('the zone and any name under it are the live edges, nearest first', () => {
  for (const name of ['lambda.mesh', 'hello.lambda.mesh', 'a.b-2.c.lambda.mesh']) {
    assert.deepEqual(short(name), ['NOERROR', [`${name} A 10.0.0.1`, `${name} A 10.0.0.2`], []])
    assert.deepEqual(short(name, { type: 'AAAA' }), ['NOERROR', [`${name} AAAA 2001:db8::1`], []])
  }
  const [first] = ask('lambda.mesh').answers ?? []
  assert.ok(first?.type === 'A' && first.ttl === 5)
  assert.ok(ask('lambda.mesh').flag_aa)
})

test("an edge's own name is that edge, live or not, and no other", () => {
  assert.deepEqual(short('edge-b.lambda.mesh')[1], ['edge-b.lambda.mesh A 10.0.0.2'])
  assert.deepEqual(short('edge-c.lambda.mesh')[1], ['edge-c.lambda.mesh A 10.0.0.3'])
  assert.deepEqual(short('edge-b.lambda.mesh', { type: 'AAAA' }), ['NOERROR', [], [SOA]])
  assert.deepEqual(short('ns.lambda.mesh')[1], ['ns.lambda.mesh A 127.0.0.53'])
})

test('edges on one address are one record', () => {
  const edges = [edge('a', 1, ['127.0.0.1']), edge('b', 2, ['127.0.0.1'])]
  assert.deepEqual(short('lambda.mesh', {}, { ...ZONE, edges })[1], ['lambda.mesh A 127.0.0.1'])
})

test('services name the live edges with their ports, and bring their addresses', () => {
  for (const service of ['_http._tcp.lambda.mesh', '_lambda._tcp.lambda.mesh']) {
    const { rcode, answers, additionals } = ask(service, { type: 'SRV' })
    assert.equal(rcode, 'NOERROR')
    assert.deepEqual(lines(answers), [
      `${service} SRV 0 8787 edge-a.lambda.mesh`,
      `${service} SRV 1 8788 edge-b.lambda.mesh`,
    ])
    assert.deepEqual(lines(additionals), [
      'edge-a.lambda.mesh A 10.0.0.1',
      'edge-a.lambda.mesh AAAA 2001:db8::1',
      'edge-b.lambda.mesh A 10.0.0.2',
    ])
    assert.deepEqual(short(service), ['NOERROR', [], [SOA]])
  }
})

test('the apex has SOA and NS, and ANY is all there is', () => {
  assert.deepEqual(short('lambda.mesh', { type: 'SOA' })[1], [SOA])
  const { answers, additionals } = ask('lambda.mesh', { type: 'NS' })
  assert.deepEqual(lines(answers), ['lambda.mesh NS ns.lambda.mesh'])
  assert.deepEqual(lines(additionals), ['ns.lambda.mesh A 127.0.0.53'])
  assert.equal(short('lambda.mesh', { type: 'ANY' })[1].length, 5)
  assert.deepEqual(short('x.lambda.mesh', { type: 'ANY', class: 255 })[1].length, 3)
})

test('a type that a name does not have is no data, with the SOA', () => {
  for (const type of ['TXT', 'MX', 'CNAME', 'HTTPS', 'SRV']) {
    assert.deepEqual(short('lambda.mesh', { type }), ['NOERROR', [], [SOA]])
    assert.deepEqual(short('x.lambda.mesh', { type }), ['NOERROR', [], [SOA]])
  }
  assert.deepEqual(short('x.lambda.mesh', { type: 'NS' }), ['NOERROR', [], [SOA]])
  assert.deepEqual(short('_tcp.lambda.mesh', { type: 'SRV' }), ['NOERROR', [], [SOA]])
})

test('a service that nobody offers does not exist, nor does a name that is none', () => {
  const none = ['_ftp._tcp.lambda.mesh', '_http._udp.lambda.mesh', '_dmarc.lambda.mesh', 'x._http._tcp.lambda.mesh']
  for (const name of [...none, 'a b.lambda.mesh', '\u00e9.lambda.mesh']) {
    for (const type of ['A', 'SRV', 'TXT']) assert.deepEqual(short(name, { type }), ['NXDOMAIN', [], [SOA]])
  }
})

test('what is outside the zone, of another class, or a transfer, is refused', () => {
  for (const name of ['example.org', 'mesh', '', 'xlambda.mesh', 'lambda.mesh.org', 'lambda\u00e9.mesh']) {
    assert.deepEqual(short(name), ['REFUSED', [], []])
    assert.ok(!ask(name).flag_aa)
  }
  assert.equal(ask('lambda.mesh', { class: 3 }).rcode, 'REFUSED')
  for (const type of ['AXFR', 'IXFR']) assert.equal(ask('lambda.mesh', { type }).rcode, 'REFUSED')
})

test('with no live edge nothing is said of addresses, and the rest still holds', () => {
  const zone = { ...ZONE, edges: ZONE.edges.map(each => ({ ...each, isLive: false })) }
  for (const type of ['A', 'AAAA']) assert.deepEqual(short('lambda.mesh', { type }, zone), ['SERVFAIL', [], []])
  assert.equal(ask('_http._tcp.lambda.mesh', { type: 'SRV' }, zone).rcode, 'SERVFAIL')
  assert.equal(ask('lambda.mesh', { type: 'SOA' }, zone).rcode, 'NOERROR')
  assert.equal(ask('edge-a.lambda.mesh', {}, zone).rcode, 'NOERROR')
})

test('the question comes back byte for byte, and answers in its case', () => {
  const query = queryFor('hElLo.LaMbDa.MeSh')
  const response = respond(query, ZONE, 'udp')
  assert.ok(response)
  assert.ok(response.subarray(12, query.length).equals(query.subarray(12)))
  assert.deepEqual(short('hElLo.LaMbDa.MeSh')[1][0], 'hElLo.LaMbDa.MeSh A 10.0.0.1')
  assert.deepEqual(short('x.LAMBDA.mesh', { type: 'TXT' })[2], ['LAMBDA.mesh SOA ns.lambda.mesh'])
  const odd = queryFor('\u00ff\u0000.lambda.mesh')
  assert.ok(respond(odd, ZONE, 'udp')?.subarray(12, odd.length).equals(odd.subarray(12)))
})

test('EDNS is answered with EDNS, of version 0 only', () => {
  const optOf = ({ additionals }: Response) => (additionals ?? []).find(record => record.type === 'OPT')
  assert.equal(optOf(ask('lambda.mesh')), undefined)
  const opt = optOf(ask('lambda.mesh', { edns: { size: 4096, isDnssecOk: true } }))
  assert.ok(opt?.type === 'OPT')
  assert.deepEqual([opt.udpPayloadSize, opt.ednsVersion, opt.extendedRcode, opt.flag_do], [1232, 0, 0, true])
  const wrong = ask('lambda.mesh', { edns: { version: 1 } })
  const badVersion = optOf(wrong)
  assert.ok(badVersion?.type === 'OPT')
  assert.deepEqual([badVersion.extendedRcode, badVersion.ednsVersion, wrong.rcode], [1, 0, 'NOERROR'])
  assert.deepEqual(wrong.answers, [])
})

test('an answer that is too long is cut over UDP, and whole over TCP', () => {
  const edges = Array.from({ length: 60 }, (_, index) => edge(`edge-${index}`, 80, [`10.0.1.${index}`]))
  const zone = { ...ZONE, edges }
  const lengthOf = (asked: Asked, transport: 'udp' | 'tcp') => {
    const message = respond(queryFor('lambda.mesh', asked), zone, transport)
    assert.ok(message)
    const response = readResponse(message)
    return { length: message.length, isTruncated: response.flag_tc, answers: response.answers?.length }
  }
  const small = lengthOf({}, 'udp')
  assert.ok(small.length <= 512 && small.isTruncated && small.answers === 0)
  const tiny = lengthOf({ edns: { size: 10 } }, 'udp')
  assert.ok(tiny.length <= 512 && tiny.isTruncated)
  const large = lengthOf({ edns: { size: 65_535 } }, 'udp')
  assert.ok(large.length <= 1232 && large.isTruncated)
  const tcp = lengthOf({}, 'tcp')
  assert.ok(!tcp.isTruncated && tcp.answers === 60)
  // Additional records go first, which is no truncation.
  const some = { ...ZONE, edges: edges.slice(0, 7) }
  const message = respond(queryFor('_http._tcp.lambda.mesh', { type: 'SRV' }), some, 'udp')
  assert.ok(message)
  const service = readResponse(message)
  assert.deepEqual([service.flag_tc, service.answers?.length, service.additionals?.length], [false, 7, 0])
})

test('other opcodes are not implemented, broken messages are format errors, answers are not answered', () => {
  for (const opcode of [1, 2, 4, 5, 6]) assert.equal(ask('lambda.mesh', { opcode }).rcode, 'NOTIMP')
  assert.equal(ask('lambda.mesh', { type: 'OPT' }).rcode, 'FORMERR')
  const rcodeOf = (message: Buffer): string | null => {
    const response = respond(message, ZONE, 'udp')
    return response === null ? null : readResponse(response).rcode
  }
  const whole = queryFor('lambda.mesh', { edns: {} })
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(rcodeOf(whole.subarray(0, length)), length < 12 ? null : 'FORMERR')
  }
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const message = Buffer.from(whole)
    message.set(bytes, at)
    return message
  }
  assert.equal(rcodeOf(changed(2, 0x80)), null, 'an answer')
  assert.equal(rcodeOf(changed(4, 0, 0)), 'FORMERR', 'no question')
  assert.equal(rcodeOf(changed(4, 0, 2)), 'FORMERR', 'two questions')
  assert.equal(rcodeOf(changed(12, 0xc0, 0)), 'FORMERR', 'a pointer into the header')
  assert.equal(rcodeOf(changed(10, 0xff, 0xff)), 'FORMERR', 'more records than there are')
})

test('no message makes it throw: 200,000 random and mutated ones', () => {
  // xorshift32, seeded: a failure repeats.
  let state = 0x9e3779b9
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  const seeds = [queryFor('lambda.mesh', { edns: {} }), queryFor('_http._tcp.lambda.mesh', { type: 'SRV' })]
  for (let round = 0; round < 200_000; round += 1) {
    const seed = seeds[round % 3]
    const message = seed === undefined ? Buffer.alloc(random(80)) : Buffer.from(seed)
    const changes = seed === undefined ? message.length : 1 + random(6)
    for (let change = 0; change < changes; change += 1) message[random(message.length)] = random(256)
    const response = respond(message, ZONE, 'udp')
    if (response === null) continue
    assert.ok(response.length <= 1232 && response.readUInt16BE(0) === message.readUInt16BE(0))
    readResponse(response)
  }
})

test('a zone of production names its servers with their addresses, and who may issue certificates', () => {
  const nameServers = [
    { name: 'ns1.lambda.mesh', address: '192.0.2.1' },
    { name: 'ns2.example.net', address: null },
  ]
  const zone = { ...ZONE, nameServers, issuers: ['letsencrypt.org'], mostAnswers: 1 }
  const { answers, additionals } = ask('lambda.mesh', { type: 'NS' }, zone)
  assert.deepEqual(lines(answers), ['lambda.mesh NS ns1.lambda.mesh', 'lambda.mesh NS ns2.example.net'])
  assert.deepEqual(lines(additionals), ['ns1.lambda.mesh A 192.0.2.1'])
  assert.deepEqual(short('ns1.lambda.mesh', {}, zone)[1], ['ns1.lambda.mesh A 192.0.2.1'])
  assert.deepEqual(short('lambda.mesh', { type: 'SOA' }, zone)[1], ['lambda.mesh SOA ns1.lambda.mesh'])
  for (const name of ['lambda.mesh', 'hello.lambda.mesh']) {
    assert.deepEqual(short(name, { type: '257' }, zone)[1], [`${name} CAA issue letsencrypt.org`])
    assert.deepEqual(short(name, { type: '257' }), ['NOERROR', [], [SOA]])
  }
  assert.deepEqual(short('lambda.mesh', {}, zone)[1], ['lambda.mesh A 10.0.0.1'], 'as many edges as it may')
})
