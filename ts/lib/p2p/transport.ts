// The Hyperswarm node: it accepts and dials Noise streams, and looks peers up on the cluster's topics. It decides
// nothing: who is dialled and when is the dialer's, because Hyperswarm gives up on a peer after a few tries.

import HyperDHT, { type Address, type KeyPair } from 'hyperdht'
import Hyperswarm, { type PeerDiscovery } from 'hyperswarm'
import type { SecretStream } from '@hyperswarm/secret-stream'

import { isPrivate } from '../addresses.js'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'

/** `public`: the network's own bootstrap nodes; `none`: no look-ups on a topic at all. */
export type Bootstrap = 'public' | 'none' | readonly Address[]

/** Saying good-bye to an unreachable network takes 12 s and more: it gets this long. */
const CLOSE_WITHIN_MS = 500

export interface TopicPeer {
  publicKey: Buffer
  addresses: Address[]
}

export interface Transport extends AsyncDisposable {
  /** UDP port peers dial. */
  readonly port: number
  dial(publicKey: Buffer, addresses: readonly Address[]): SecretStream
  /** Seen on the topic so far. */
  topicPeers(): TopicPeer[]
  /** Asks the topics again, in the background. */
  refresh(): void
  /** Joins the new ones and leaves the others, in the background. */
  setTopics(topics: readonly Buffer[]): void
}

export interface TransportOptions {
  identity: KeyPair
  topics: readonly Buffer[]
  bootstrap: Bootstrap
  onConnection: (stream: SecretStream) => void
  log: Log
}

/** Waits for nothing but its own UDP sockets; null when the machine has none to give. */
export const openTransport = async (options: TransportOptions): Promise<Transport | null> => {
  const { identity, bootstrap, log } = options
  const nodes = bootstrap === 'public' ? undefined : bootstrap === 'none' ? [] : [...bootstrap]
  const dht = new HyperDHT({ bootstrap: nodes, firewalled: !isAttached(nodes) })
  // With no client connections of its own, Hyperswarm announces us and collects who else is there.
  const swarm = new Hyperswarm({ dht, keyPair: identity, maxClientConnections: 0 })
  swarm.on('connection', options.onConnection)
  try {
    await dht.bind()
  } catch (error) {
    log.warn('no UDP sockets: this edge has no peers', { reason: messageOf(error) })
    return null
  }
  const port = dht.localAddress()?.port
  if (port === undefined) return null
  const background = new Set<Promise<unknown>>()
  const run = (what: string, work: Promise<unknown>): void => {
    const settled = work
      .catch((error: unknown) => {
        log.debug(what, { reason: messageOf(error) })
      })
      .finally(() => background.delete(settled))
    background.add(settled)
  }
  // Peers can dial as soon as the sockets are bound: that listening "fails" or hangs without a network changes nothing.
  run('hyperswarm listen', swarm.listen())
  const discoveries = new Map<string, PeerDiscovery>()
  const setTopics = (topics: readonly Buffer[]): void => {
    if (bootstrap === 'none') return
    for (const topic of topics) {
      const id = topic.toString('hex')
      if (!discoveries.has(id)) discoveries.set(id, swarm.join(topic, { client: true, server: true }))
    }
    for (const [id, discovery] of discoveries) {
      if (topics.some((topic) => topic.toString('hex') === id)) continue
      discoveries.delete(id)
      run('hyperswarm leave', discovery.destroy())
    }
  }
  setTopics(options.topics)
  log.debug('transport is open', { port })

  const close = async (): Promise<void> => {
    // Ends its timers in any case; where there is a network to hear it, it also takes our name off the topics.
    for (const discovery of discoveries.values()) run('hyperswarm leave', discovery.destroy())
    if (dht.bootstrapped) await within(CLOSE_WITHIN_MS, Promise.all(background))
    // The node first: what still waits for the network fails at once then, instead of after its time-outs.
    await dht.destroy({ force: true })
    await within(CLOSE_WITHIN_MS, swarm.destroy({ force: true }))
  }

  return {
    port,
    dial: (publicKey, addresses) => dht.connect(publicKey, { keyPair: identity, relayAddresses: [...addresses] }),
    topicPeers: () =>
      [...swarm.peers.values()].flatMap((peer) =>
        // Without relay addresses it is somebody who dialled us, not a find.
        peer.relayAddresses === null ? [] : [{ publicKey: peer.publicKey, addresses: peer.relayAddresses }],
      ),
    refresh: () => {
      for (const discovery of discoveries.values()) run('hyperswarm refresh', discovery.refresh())
    },
    setTopics,
    [Symbol.asyncDispose]: () =>
      close().catch((error: unknown) => {
        log.debug('hyperswarm close', { reason: messageOf(error) })
      }),
  }
}

/**
 * Whether nobody translates addresses between these nodes and us. Then peers can be told where we are; punching holes
 * instead takes at least three other nodes to ask for the own address, which a network of one's own seldom has.
 */
const isAttached = (nodes: readonly Address[] | undefined): boolean =>
  nodes !== undefined && nodes.length > 0 && nodes.every(({ host }) => isPrivate(host))

/** Waits for `work`, but no longer than this. */
const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, expired]).finally(() => {
    clearTimeout(timer)
  })
}
