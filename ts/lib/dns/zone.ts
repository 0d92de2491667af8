// What the zone holds: pure, from a question and the edges as they are now.
//
//   <zone>, any name under it     A, AAAA   the live edges, nearest first
//   <edge name>.<zone>            A, AAAA   that edge, live or not
//   ns.<zone>                     A, AAAA   this server
//   _http._tcp, _lambda._tcp      SRV       the live edges with their ports, nearest first
//   <zone>                        SOA, NS, CAA, DNSKEY
//   _acme-challenge.<name>        TXT       what a certificate authority wants to see, while it does
//
// Other names with an underscore do not exist (NXDOMAIN): they would be services nobody offers. With no live edge
// there is nothing true to say, so the answer is SERVFAIL, which resolvers do not keep as they would an empty one.

import { isIPv4 } from 'node:net'
import type { Answer } from 'dns-packet'
import type { Question } from './query.js'
import type { Signer } from './signer.js'

export interface ZoneEdge {
  name: string
  port: number
  addresses: readonly string[]
  isLive: boolean
}

export interface Zone {
  /** Lower case, without the dot at its end. */
  name: string
  ttlSeconds: number
  /** Grows when the edges change. */
  serial: number
  /** This server's own addresses. */
  serverAddresses: readonly string[]
  /** Nearest first. */
  edges: readonly ZoneEdge[]
  /** Those of the zone; none: ns.<zone>, this server. */
  nameServers?: readonly NameServer[]
  /** Who may issue certificates for the zone (CAA); none: nothing is said. */
  issuers?: readonly string[]
  /** The texts of `_acme-challenge.<name>`. */
  challenges?: (name: string) => readonly string[]
  /** How many edges an answer with addresses names at the most; null: all. */
  mostAnswers?: number | null
  /** None: answers are not signed. */
  signer?: Signer | null
}

export interface NameServer {
  /** Lower case, without the dot at its end. */
  name: string
  /** Null: it is not in this zone. */
  address: string | null
}

export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const

export interface Reply {
  rcode: (typeof RCODE)[keyof typeof RCODE]
  isAuthoritative: boolean
  answers: Answer[]
  authorities: Answer[]
  additionals: Answer[]
}

const TYPE = { a: 1, ns: 2, soa: 6, txt: 16, aaaa: 28, srv: 33, opt: 41, dnskey: 48, caa: 257, ixfr: 251, axfr: 252, any: 255 } as const
const CLASS = { internet: 1, any: 255 } as const
const SERVICES: readonly string[] = ['_http._tcp', '_lambda._tcp']
const CHALLENGE = '_acme-challenge.'
/** Above the services: exists, and holds nothing. */
const EMPTY_NAME = '_tcp'
/** SOA timers; there are no secondaries that would use them. */
const REFRESH_SECONDS = 3600
const RETRY_SECONDS = 600
const EXPIRE_SECONDS = 86_400
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

const reply = (rcode: Reply['rcode'], parts: Partial<Reply> = {}): Reply => ({
  rcode,
  isAuthoritative: rcode === RCODE.ok || rcode === RCODE.noSuchName,
  answers: [],
  authorities: [],
  additionals: [],
  ...parts,
})

const serversOf = ({ name, nameServers = [] }: Zone): string[] => (nameServers.length === 0 ? [`ns.${name}`] : nameServers.map((server) => server.name))

const soa = (zone: Zone, owner: string): Answer => ({
  type: 'SOA',
  name: owner,
  ttl: zone.ttlSeconds,
  data: {
    mname: serversOf(zone)[0] ?? `ns.${zone.name}`,
    rname: `hostmaster.${zone.name}`,
    serial: zone.serial,
    refresh: REFRESH_SECONDS,
    retry: RETRY_SECONDS,
    expire: EXPIRE_SECONDS,
    minimum: zone.ttlSeconds,
  },
})

const ns = (zone: Zone, owner: string): Answer[] => serversOf(zone).map((data) => ({ type: 'NS', name: owner, ttl: zone.ttlSeconds, data }))

/** Also for names under the zone: certificate authorities climb, and ask the closest first. */
const caa = (zone: Zone, owner: string): Answer[] =>
  (zone.issuers ?? []).map((value) => ({ type: 'CAA', name: owner, ttl: zone.ttlSeconds, data: { flags: 0, tag: 'issue', value } }))

/** Each address once, in order; of the type asked for. */
const addressRecords = (owner: string, addresses: readonly string[], type: number, ttl: number): Answer[] =>
  [...new Set(addresses)].flatMap((data): Answer[] => {
    const kind = isIPv4(data) ? 'A' : 'AAAA'
    const isWanted = type === TYPE.any || type === (kind === 'A' ? TYPE.a : TYPE.aaaa)
    return isWanted ? [{ type: kind, name: owner, ttl, data }] : []
  })

const serviceRecords = (zone: Zone, owner: string): Pick<Reply, 'answers' | 'additionals'> => {
  const live = zone.edges.filter(({ isLive, name }) => isLive && LABEL.test(name))
  const target = ({ name }: ZoneEdge) => `${name}.${zone.name}`
  return {
    answers: live.map((edge, index) => ({
      type: 'SRV',
      name: owner,
      ttl: zone.ttlSeconds,
      data: { priority: index, weight: 0, port: edge.port, target: target(edge) },
    })),
    additionals: live.flatMap(edge => addressRecords(target(edge), edge.addresses, TYPE.any, zone.ttlSeconds)),
  }
}

/** Whose addresses a name under the zone has. `label` is the whole name before the zone, in lower case. */
const addressesOf = (zone: Zone, label: string): readonly string[] => {
  const servers = serverAddressesOf(zone, label)
  if (servers.length > 0) return servers
  const named = zone.edges.filter(({ name }) => name === label)
  if (named.length > 0) return named.flatMap(({ addresses }) => addresses)
  const live = zone.edges.filter(({ isLive }) => isLive)
  return live.slice(0, zone.mostAnswers ?? live.length).flatMap(({ addresses }) => addresses)
}

const serverAddressesOf = ({ name, nameServers = [], serverAddresses }: Zone, label: string): readonly string[] => {
  if (nameServers.length === 0) return label === 'ns' ? serverAddresses : []
  return nameServers.flatMap((server) => (server.name === `${label}.${name}` && server.address !== null ? [server.address] : []))
}

export const answer = (zone: Zone, { name, type, class: asked }: Question): Reply => {
  if (asked !== CLASS.internet && asked !== CLASS.any) return reply(RCODE.refused)
  if (type === TYPE.opt) return reply(RCODE.formatError)
  if (type === TYPE.axfr || type === TYPE.ixfr) return reply(RCODE.refused)
  const lower = name.toLowerCase()
  const isApex = lower === zone.name
  if (!isApex && !lower.endsWith(`.${zone.name}`)) return reply(RCODE.refused)

  // Parts of the question's own text, so that a mixed case comes back as it was sent.
  const apex = name.slice(name.length - zone.name.length)
  const label = isApex ? '' : lower.slice(0, -zone.name.length - 1)
  const noData = (rcode: Reply['rcode'] = RCODE.ok) => reply(rcode, { authorities: [soa(zone, apex)] })

  if (SERVICES.includes(label)) {
    if (type !== TYPE.srv && type !== TYPE.any) return noData()
    const records = serviceRecords(zone, name)
    return records.answers.length === 0 ? reply(RCODE.serverFailure) : reply(RCODE.ok, records)
  }
  if (lower.startsWith(CHALLENGE)) {
    const texts = zone.challenges?.(lower.slice(CHALLENGE.length)) ?? []
    if (texts.length === 0) return noData(RCODE.noSuchName)
    if (type !== TYPE.txt && type !== TYPE.any) return noData()
    return reply(RCODE.ok, { answers: texts.map((data) => ({ type: 'TXT', name, ttl: 0, data })) })
  }
  if (label === EMPTY_NAME) return noData()
  if (label.split('.').some(part => part.startsWith('_'))) return noData(RCODE.noSuchName)

  const answers: Answer[] = []
  if (isApex && (type === TYPE.soa || type === TYPE.any)) answers.push(soa(zone, name))
  if (isApex && (type === TYPE.ns || type === TYPE.any)) answers.push(...ns(zone, name))
  if (isApex && zone.signer && (type === TYPE.dnskey || type === TYPE.any)) answers.push(zone.signer.key(name, zone.ttlSeconds))
  if (type === TYPE.caa) answers.push(...caa(zone, name))
  if (type === TYPE.a || type === TYPE.aaaa || type === TYPE.any) {
    const addresses = addressesOf(zone, label)
    if (addresses.length === 0 && answers.length === 0) return reply(RCODE.serverFailure)
    answers.push(...addressRecords(name, addresses, type, zone.ttlSeconds))
  }
  if (answers.length === 0) return noData()
  const glue = isApex && type === TYPE.ns ? serversOf(zone).flatMap((server) => glueOf(zone, server)) : []
  return reply(RCODE.ok, { answers, additionals: glue })
}

const glueOf = (zone: Zone, server: string): Answer[] => {
  const label = server.slice(0, -zone.name.length - 1)
  return server.endsWith(`.${zone.name}`) ? addressRecords(server, serverAddressesOf(zone, label), TYPE.any, zone.ttlSeconds) : []
}

/** `answer`, signed for a client that asks for that (RFC 4035). A name that is not there is one that has nothing (RFC 9824). */
export const signedAnswer = (zone: Zone, asked: Question): Reply => {
  const unsigned = answer(zone, asked)
  const { signer } = zone
  // No name of ours is odd, and there are no words for one in a record.
  if (!signer || !unsigned.isAuthoritative || asked.isOdd === true) return unsigned
  if (unsigned.answers.length > 0) return { ...unsigned, answers: signer.sign(unsigned.answers) }
  const types = unsigned.rcode === RCODE.noSuchName ? null : typesAt(zone, asked.name)
  const denial = signer.deny(asked.name, types, zone.ttlSeconds)
  return { ...unsigned, rcode: RCODE.ok, authorities: signer.sign([...unsigned.authorities, denial]) }
}

/** What a name that exists has. Addresses that are missing for the moment are not denied. */
const typesAt = (zone: Zone, name: string): string[] => {
  const of = (type: number): string[] => {
    const { answers, rcode } = answer(zone, { name, type, class: CLASS.internet })
    return rcode === RCODE.serverFailure ? ['A', 'AAAA'] : answers.map((record) => record.type)
  }
  return [...new Set([...of(TYPE.any), ...of(TYPE.caa)])]
}
