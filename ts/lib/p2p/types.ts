// What a mesh and a peer are to the rest of the host.

import type { EventEmitter } from 'node:events'

import type { Impairment } from './impair.js'
import type { PeerClocks } from './peer-clocks.js'
import type { PeerStatus } from './status.js'

/** Why an authenticated peer is no longer there. `replaced` is followed by a `peer` event of the same id at once. */
export type LostReason = 'timeout' | 'closed' | 'replaced' | 'error' | 'shutdown'

export interface MeshEvents {
  peer: [peer: Peer]
  lost: [peer: Peer, reason: LostReason]
  status: [peer: Peer, status: PeerStatus]
  /** Another process runs with our identity; whether it was there first. */
  twin: [younger: boolean]
  /** A small message by {@link Mesh.broadcast} or {@link Peer.send}. `payload` is JSON that nobody has checked yet. */
  message: [peer: Peer, topic: string, payload: unknown]
}

export interface CallContext {
  peer: Peer
  /** Aborted when the caller gave up, its deadline passed, or the connection is lost. */
  signal: AbortSignal
  /** Milliseconds since the epoch, by this edge's clock. */
  deadlineMs: number
}

/** Answers a peer's request. A thrown SwarmError reaches the caller with its code, anything else as `INTERNAL`. */
export type Handler = (payload: Buffer, context: CallContext) => Promise<Buffer>

/** An edge that proved that it holds the cluster key, and is connected now. */
export interface Peer {
  /** The edge's public key, hex. */
  readonly id: string
  readonly name: string
  readonly region: string
  /** The last status it sent. */
  readonly status: PeerStatus | null
  /** Smoothed, measured once a second; null before the first answer. */
  readonly rttMs: number | null
  /** Milliseconds since the epoch. */
  readonly connectedAt: number
  readonly host: string
  /**
   * Asks one thing of this peer. Payload and answer are at most 8 MB. Fails with `PEER_UNREACHABLE` (an {@link
   * UnreachableError}), `DEADLINE`, `TOO_LARGE`, or the code its handler threw; an aborted `signal` rejects with its
   * reason and cancels the handler over there.
   */
  request(method: string, payload: Buffer, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Buffer>
  /** A small JSON message to this peer only: its `message` event. */
  send(topic: string, payload: unknown): void
}

/** What is left of a mesh that never has a peer is still a mesh: nothing here waits for the network. */
export interface Mesh extends AsyncDisposable {
  /** Own public key, hex. */
  readonly id: string
  readonly events: EventEmitter<MeshEvents>
  /**
   * Begins to look for others and to be found, once, after every method is handled and every listener is there. Waits for
   * its own UDP sockets, and for nothing on the network.
   */
  join(): Promise<void>
  /** Authenticated and connected now. */
  peers(): Peer[]
  /** Connections refused since the start: nobody proved to be a peer, or too many had it still to prove. */
  strangers(): number
  /** What most peers say of the time: see peer-clocks.ts. */
  readonly clock: Pick<PeerClocks, 'offsetMs' | 'isConfirmed'>
  handle(method: string, handler: Handler): void
  /** Closes the connection to this public key (hex) and has none with it from now on. */
  exclude(id: string): void
  /** Closes the connection to this peer; it may come again, if it still proves that it is one. */
  disconnect(id: string): void
  /** Replicates with every peer that is connected now: somebody has what no neighbour has. */
  replicate(): void
  /** Sent to all peers at once, and to every new peer. */
  setStatus(status: PeerStatus): void
  /** A small JSON message to all peers. */
  broadcast(topic: string, payload: unknown): void
  /** Makes the link to a peer worse, for trying out; null mends it. Until this edge restarts. */
  impair(id: string, impairment: Impairment | null): void
  /** What is impaired now, by peer. */
  impairments(): ReadonlyMap<string, Impairment>
}
