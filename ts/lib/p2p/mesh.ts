// The mesh: all edges that hold the cluster key. It opens the ways to find them, lets in who proves itself, and keeps
// one connection to each.
//
//   beacon ┐
//   mDNS   ├─▶ dialer ─▶ transport ─▶ auth ─▶ peer (status, messages, rpc) + replication of the store
//   topic  │                 ▲
//   peers' ┘            who dials us

import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'

import type { SecretStream } from '@hyperswarm/secret-stream'
import type Corestore from 'corestore'
import { z } from 'zod'

import type { ClusterKeys, Keyring, KeyPair } from '../cluster.js'
import { messageOf, SwarmError } from '../errors.js'
import { authenticate } from './auth.js'
import { BEACON_PORTS, openBeacon } from './beacon.js'
import { openDialer, type Dialer } from './dialer.js'
import type { Hello } from './hello.js'
import type { Impairment } from './impair.js'
import { TICK_MS } from './liveness.js'
import type { Log } from '../log.js'
import { openMdns } from './mdns.js'
import { FULL_MESH, neighboursOf } from './neighbours.js'
import { openPeerClocks } from './peer-clocks.js'
import { encodePatch, openPeer, type Introduction, type PeerConnection } from './peer.js'
import type { PeerStatus } from './status.js'
import { encodeStatus } from './status-patch.js'
import { createTwins } from './twin.js'
import { openTransport, type Bootstrap } from './transport.js'
import type { Handler, LostReason, Mesh, MeshEvents } from './types.js'

export type { Bootstrap, ClusterKeys, KeyPair, Mesh, MeshEvents, PeerStatus }
export type { CallContext, Handler, LostReason, Peer } from './types.js'
export { UnreachableError } from './rpc.js'

const MAX_UNPROVEN = 32
const TOPIC_EVERY_MS = 1_000
/** While this edge has nobody, or misses somebody: two that start at the same instant miss each other's first look. */
const REFRESH_AFTER_MS = [2_000, 4_000, 8_000, 16_000, 30_000] as const
/** Own message topics start with this. */
const ADDRESSES_TOPIC = 'mesh/addresses'
const MAX_ADDRESSES = 256
const TWIN_EVERY_MS = 60_000
/** Peers that are told how busy this edge is at a time; with more, each is told in its turn. */
const MAX_TOLD = 64

const addressesSchema = z
  .array(
    z.object({ id: z.string().regex(/^[0-9a-f]{64}$/), host: z.ipv4(), port: z.number().int().min(1).max(65_535) }),
  )
  .max(MAX_ADDRESSES)

export interface MeshOptions {
  identity: KeyPair
  /** Accepted cluster keys; a change is followed at once, and costs no connection. */
  keys: Pick<Keyring, 'keys' | 'events'>
  /** Replicated with every peer. */
  store: Corestore
  name: string
  region: string
  /** Hosts that are told about us each second: where another edge's beacon listens (47800 for the first one there). */
  peers?: readonly { host: string; port: number }[]
  /** Where to look on the topic; `public` by default. */
  bootstrap?: Bootstrap
  beaconPorts?: readonly number[]
  mdns?: boolean
  /** Milliseconds since the epoch. */
  clock?: () => number
  log: Log
}

/** Alone and unseen until {@link Mesh.join}: whoever calls this edge must find every method there. */
export const openMesh = (options: MeshOptions): Mesh => {
  const { identity, keys, log } = options
  const events = new EventEmitter<MeshEvents>()
  const connections = new Map<string, PeerConnection>()
  const handlers = new Map<string, Handler>()
  const unproven = new Set<SecretStream>()
  const impaired = new Map<string, Impairment>()
  /** Those the host was told of, and not yet told that they are gone. */
  const announced = new Set<PeerConnection>()
  const excluded = new Set<string>()
  /** Which process of an excluded edge was heard, and told of in the log. */
  const refused = new Map<string, string>()
  const clock = options.clock ?? Date.now
  const clocks = openPeerClocks(clock, log)
  const incarnation = randomBytes(8).toString('hex')
  let dialer: Dialer | null = null
  let status: PeerStatus | null = null
  let introduction: Introduction | null = null
  let closing = false
  let turn = 0
  let strangers = 0
  let changed = false

  const replicate = (stream: SecretStream): void => {
    options.store.replicate(stream)
  }
  /** In a large mesh: with those that this edge chooses, and those that choose it. */
  const chooseNeighbours = (): void => {
    if (!changed) return
    changed = false
    const self = { id: identity.publicKey.toString('hex'), region: options.region }
    for (const id of neighboursOf(self, [...connections.values()])) connections.get(id)?.replicate()
  }

  const accept = (stream: SecretStream): void => {
    const id = stream.remotePublicKey.toString('hex')
    stream.on('error', (error: Error) => {
      log.debug('connection', { id, reason: error.message })
    })
    if (excluded.has(id)) {
      log.debug('connection refused: revoked', { id })
      stream.destroy()
      return
    }
    const cut = impaired.get(id)?.cut === true
    if (closing || cut || introduction === null || unproven.size >= MAX_UNPROVEN) {
      if (!closing && !cut) {
        strangers += 1
        log.debug('connection refused: too many that prove nothing', { id })
      }
      stream.destroy()
      return
    }
    const own = introduction
    unproven.add(stream)
    authenticate(stream, {
      keys: keys.keys().map(({ mac }) => mac),
      onRejected: (reason) => {
        unproven.delete(stream)
        if (reason !== 'closed') {
          strangers += 1
          dialer?.rejected(id)
        }
        log.debug('peer not authenticated', { id, reason })
      },
      onProved: () => {
        unproven.delete(stream)
        try {
          openPeer({ stream, own, handlers, eager: connections.size < FULL_MESH, replicate, onIntroduced, onLost, onStatus, onMessage, log })
        } catch (error) {
          log.debug('connection lost at once', { id, reason: messageOf(error) })
          stream.destroy()
        }
      },
    })
  }

  const onIntroduced = (peer: PeerConnection): void => {
    // Revoked, or cut off, while it introduced itself.
    if (excluded.has(peer.id) || impaired.get(peer.id)?.cut === true) {
      peer.close('closed')
      return
    }
    const { incarnation: theirs, port } = peer.introduction
    const older = connections.get(peer.id)
    // Both dialled: both keep the connection of the lower key. Otherwise who dials again knows why.
    const lowerDialled = peer.dialled === (dialer?.dials(Buffer.from(peer.id, 'hex')) ?? false)
    if (older?.introduction.incarnation === theirs && older.dialled !== peer.dialled && !lowerDialled) {
      peer.close('replaced')
      return
    }
    connections.set(peer.id, peer)
    changed = true
    const impairment = impaired.get(peer.id)
    if (impairment) peer.slow(impairment.delayMs)
    announced.add(peer)
    older?.close('replaced')
    dialer?.proved(peer.id)
    dialer?.found({
      publicKey: Buffer.from(peer.id, 'hex'),
      incarnation: theirs,
      addresses: [{ host: peer.host, port }],
    })
    log.info('peer connected', { peer: peer.name, region: peer.region, host: peer.host, id: peer.id })
    events.emit('peer', peer)
    if (status !== null) peer.sendStatus(encodeStatus({ ...status, clockMs: clock() }, encodePatch))
    tellAddresses(peer)
  }
  const onLost = (peer: PeerConnection, reason: LostReason): void => {
    if (connections.get(peer.id) === peer) {
      connections.delete(peer.id)
      changed = true
      clocks.forget(peer.id)
      dialer?.lost(peer.id)
    }
    if (!announced.delete(peer)) return
    log.info('peer lost', { peer: peer.name, reason, id: peer.id })
    events.emit('lost', peer, reason)
  }
  const onStatus = (peer: PeerConnection, value: PeerStatus): void => {
    if (connections.get(peer.id) !== peer) return
    if (value.clockMs !== undefined) clocks.heard(peer.id, value.clockMs, (peer.rttMs ?? 0) / 2)
    events.emit('status', peer, value)
  }
  const onMessage = (peer: PeerConnection, topic: string, payload: unknown): void => {
    if (topic === ADDRESSES_TOPIC) onAddresses(payload)
    else events.emit('message', peer, topic, payload)
  }

  /** Tells a new peer where the others are, and them where it is: one known host is enough to meet them all. */
  const tellAddresses = (peer: PeerConnection): void => {
    const others = [...connections.values()].filter((other) => other !== peer)
    const known = others.filter((other) => mayTell(other, peer)).slice(0, MAX_ADDRESSES)
    if (known.length > 0) peer.send(ADDRESSES_TOPIC, known.map(addressOf))
    for (const other of others) if (mayTell(peer, other)) other.send(ADDRESSES_TOPIC, [addressOf(peer)])
  }
  const onAddresses = (payload: unknown): void => {
    const parsed = addressesSchema.safeParse(payload)
    if (!parsed.success) return
    for (const { id, host, port } of parsed.data) {
      if (!connections.has(id))
        dialer?.found({ publicKey: Buffer.from(id, 'hex'), incarnation: null, addresses: [{ host, port }] })
    }
  }

  const topics = (): Buffer[] => keys.keys().map(({ topic }) => topic)
  const closers: (() => void | PromiseLike<void>)[] = []
  const every = (ms: number, run: () => void): void => {
    const timer = setInterval(run, ms)
    closers.push(() => {
      clearInterval(timer)
    })
  }
  const join = async (): Promise<void> => {
    const transport = await openTransport({
      identity,
      topics: topics(),
      bootstrap: options.bootstrap ?? 'public',
      onConnection: accept,
      log,
    })
    if (transport === null) return
    introduction = { name: options.name, region: options.region, incarnation, port: transport.port, patches: true }
    const own: Hello = { publicKey: identity.publicKey, incarnation, port: transport.port }
    closers.push(() => transport[Symbol.asyncDispose]())
    closers.push(() => {
      for (const stream of unproven) stream.destroy()
      for (const peer of connections.values()) peer.close('shutdown')
    })
    const opened = openDialer({
      ownKey: identity.publicKey,
      dial: (publicKey, addresses) => transport.dial(publicKey, addresses),
      connected: (id) => connections.get(id)?.introduction.incarnation ?? null,
      excluded: (id) => excluded.has(id),
      onOpen: accept,
      log,
    })
    dialer = opened
    closers.push(() => {
      opened[Symbol.dispose]()
    })
    const onHello = (hello: Hello, host: string): boolean => {
      const id = hello.publicKey.toString('hex')
      if (excluded.has(id)) {
        if (refused.get(id) !== hello.incarnation) log.info('hello refused: revoked', { id, host })
        refused.set(id, hello.incarnation)
        return false
      }
      opened.found({
        publicKey: hello.publicKey,
        incarnation: hello.incarnation,
        addresses: [{ host, port: hello.port }],
      })
      const known = connections.get(id)?.introduction.incarnation === hello.incarnation
      // It is for them to dial, and they may not have heard of us yet.
      return !known && !opened.dials(hello.publicKey)
    }
    const onKeys = (): void => {
      transport.setTopics(topics())
    }
    keys.events.on('change', onKeys)
    closers.push(() => {
      keys.events.off('change', onKeys)
    })
    let twinToldAt = -Infinity
    const onTwin = (younger: boolean): void => {
      if (Date.now() - twinToldAt < TWIN_EVERY_MS) return
      twinToldAt = Date.now()
      log.error('another running edge has this identity: its state directory is a copy', { younger })
      events.emit('twin', younger)
    }
    const beaconKeys = (): Buffer[] => keys.keys().map((of) => of.beacon)
    const beacon = openBeacon({
      twins: createTwins({ publicKey: identity.publicKey, incarnation, startedAt: Date.now(), keys: beaconKeys, onTwin }),
      own,
      log,
      keys: beaconKeys,
      ports: options.beaconPorts ?? BEACON_PORTS,
      seeds: options.peers ?? [],
      onHello,
    })
    closers.push(() => beacon[Symbol.asyncDispose]())
    if (options.mdns !== false) {
      const mdns = openMdns({ own, log, keys: () => keys.keys(), onHello, onTwin: (host) => beacon.askForTwin(host) })
      closers.push(() => mdns[Symbol.asyncDispose]())
    }
    const missing = new Set<string>()
    const lookAround = (): void => {
      missing.clear()
      for (const peer of transport.topicPeers()) {
        const id = peer.publicKey.toString('hex')
        if (connections.has(id)) continue
        missing.add(id)
        opened.found({ ...peer, incarnation: null, lookup: true })
      }
    }
    let refreshes = 0
    let refreshAt = Date.now() + REFRESH_AFTER_MS[0]
    const refresh = (): void => {
      if (Date.now() < refreshAt) return
      refreshes += 1
      refreshAt = Date.now() + (REFRESH_AFTER_MS[refreshes] ?? 30_000)
      if (connections.size === 0 || missing.size > 0) transport.refresh()
    }
    every(TOPIC_EVERY_MS, () => {
      lookAround()
      refresh()
      chooseNeighbours()
    })
    every(TICK_MS, () => {
      for (const peer of connections.values()) peer.tick()
    })
  }

  return {
    id: identity.publicKey.toString('hex'),
    events,
    join,
    peers: () => [...connections.values()],
    strangers: () => strangers,
    clock: { offsetMs: () => clocks.offsetMs(), isConfirmed: () => clocks.isConfirmed() },
    handle: (method, handler) => {
      if (handlers.has(method)) throw new SwarmError('INTERNAL', `method ${method} is handled already`)
      handlers.set(method, handler)
    },
    exclude: (id) => {
      excluded.add(id)
      dialer?.forget(id)
      connections.get(id)?.close('closed')
    },
    replicate: () => {
      for (const peer of connections.values()) peer.replicate()
    },
    disconnect: (id) => {
      connections.get(id)?.close('closed')
    },
    setStatus: (value) => {
      status = value
      turn += 1
      const said = encodeStatus({ ...value, clockMs: clock() }, encodePatch)
      const every = Math.ceil(connections.size / MAX_TOLD)
      let place = 0
      for (const peer of connections.values()) peer.sendStatus(said, (turn + place++) % every !== 0)
    },
    broadcast: (topic, payload) => {
      for (const peer of connections.values()) peer.send(topic, payload)
    },
    impair: (id, impairment) => {
      if (impairment === null) impaired.delete(id)
      else impaired.set(id, impairment)
      const peer = connections.get(id)
      if (impairment?.cut === true) peer?.close('closed')
      else peer?.slow(impairment?.delayMs ?? 0)
    },
    impairments: () => impaired,
    [Symbol.asyncDispose]: async () => {
      closing = true
      // The way it was opened, backwards.
      for (const close of closers.reverse()) await close()
    },
  }
}

const addressOf = (peer: PeerConnection): { id: string; host: string; port: number } => ({
  id: peer.id,
  host: peer.host,
  port: peer.introduction.port,
})

const isLoopback = (peer: PeerConnection): boolean => peer.host.startsWith('127.')

/** An address on our own machine means something else elsewhere. */
const mayTell = (about: PeerConnection, to: PeerConnection): boolean => !isLoopback(about) || isLoopback(to)
