// From the bytes of a query to the bytes of its answer: pure, for UDP and TCP alike.

import { AUTHORITATIVE_ANSWER, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer, type PacketOpt } from 'dns-packet'
import { opcodeOf, readQuery, type Query, type Subnet } from './query.js'
import { answer, RCODE, signedAnswer, type Reply, type Zone, type ZoneEdge } from './zone.js'

const HEADER_BYTES = 12
const OPCODE_MASK = 0x7800
/** RFC 6891: what one without EDNS can take, and what fits a packet on any path (DNS flag day 2020). */
const PLAIN_UDP_BYTES = 512
const UDP_BYTES = 1232
const TCP_BYTES = 65_535
/** RFC 6891 §9: the upper bits of BADVERS, whose lower four are 0. */
const BAD_VERSION = 1
const CLIENT_SUBNET = 8

const EMPTY: Reply = { rcode: RCODE.ok, isAuthoritative: false, answers: [], authorities: [], additionals: [] }

/** The edges in a client's order, and how much of its subnet that depends on: bits, 0 for all clients alike. */
export type Placing = (subnet: Subnet | null) => { edges: readonly ZoneEdge[]; scope: number }

/** What a resolver said of its client comes back, with how far the answer is good. */
const subnetOption = ({ edns }: Query, scope: number): PacketOpt[] =>
  edns?.subnet
    ? [{ code: CLIENT_SUBNET, family: edns.subnet.family, sourcePrefixLength: edns.subnet.prefix, scopePrefixLength: scope, ip: edns.subnet.address }]
    : []

const opt = (query: Query, extendedRcode: number, scope: number): Answer[] =>
  query.edns === null
    ? []
    : [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: UDP_BYTES,
          extendedRcode,
          ednsVersion: 0,
          flags: query.edns.isDnssecOk ? 0x8000 : 0,
          flag_do: query.edns.isDnssecOk,
          options: subnetOption(query, scope),
        },
      ]

const write = (query: Query, reply: Reply, extendedRcode: number, scope: number, isTruncated: boolean): Buffer => {
  const flags =
    (query.flags & (OPCODE_MASK | RECURSION_DESIRED)) |
    (reply.isAuthoritative ? AUTHORITATIVE_ANSWER : 0) |
    (isTruncated ? TRUNCATED_RESPONSE : 0) |
    reply.rcode
  const message = encode({
    type: 'response',
    id: query.id,
    flags,
    answers: reply.answers,
    authorities: reply.authorities,
    additionals: [...reply.additionals, ...opt(query, extendedRcode, scope)],
  })
  // dns-packet compresses no names, so nothing in the rest depends on where it stands.
  const header = Buffer.from(message.subarray(0, HEADER_BYTES))
  header.writeUInt16BE(query.question.length === 0 ? 0 : 1, 4)
  return Buffer.concat([header, query.question, message.subarray(HEADER_BYTES)])
}

const decide = (query: Query, zone: Zone, place: Placing | null): { reply: Reply; extendedRcode: number; scope: number } => {
  const only = (rcode: Reply['rcode'], extendedRcode = 0) => ({ reply: { ...EMPTY, rcode }, extendedRcode, scope: 0 })
  if (opcodeOf(query) !== 0) return only(RCODE.notImplemented)
  if (query.edns !== null && query.edns.version > 0) return only(RCODE.ok, BAD_VERSION)
  if (query.isMalformed || query.asked === null) return only(RCODE.formatError)
  const reply = query.edns?.isDnssecOk === true ? signedAnswer : answer
  if (place === null) return { reply: reply(zone, query.asked), extendedRcode: 0, scope: 0 }
  const { edges, scope } = place(query.edns?.subnet ?? null)
  return { reply: reply({ ...zone, edges }, query.asked), extendedRcode: 0, scope }
}

/** The answer to `message`, or null when it gets none. Without `place` every client gets the edges as the zone has them. */
export const respond = (message: Buffer, zone: Zone, transport: 'udp' | 'tcp', place: Placing | null = null): Buffer | null => {
  const query = readQuery(message)
  if (query === null) return null
  const { reply, extendedRcode, scope } = decide(query, zone, place)
  const asked = Math.max(PLAIN_UDP_BYTES, query.edns?.udpSize ?? 0)
  const limit = transport === 'tcp' ? TCP_BYTES : Math.min(asked, UDP_BYTES)
  const whole = write(query, reply, extendedRcode, scope, false)
  if (whole.length <= limit) return whole
  // Additional records are a courtesy; without answers the client must ask again over TCP.
  const bare = write(query, { ...reply, additionals: [] }, extendedRcode, scope, false)
  if (bare.length <= limit) return bare
  return write(query, { ...EMPTY, rcode: reply.rcode, isAuthoritative: reply.isAuthoritative }, extendedRcode, scope, true)
}

/** Nothing but "ask again over TCP", for a client that asks too much over UDP; null: not even that. */
export const truncated = (message: Buffer): Buffer | null => {
  const query = readQuery(message)
  return query === null || query.asked === null ? null : write(query, EMPTY, 0, 0, true)
}
