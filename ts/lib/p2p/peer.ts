// One authenticated connection: who is at the other end, whether it lives, and what small things it says.

import type { SecretStream } from '@hyperswarm/secret-stream'
import encodings from 'compact-encoding'
import Protomux from 'protomux'
import { z } from 'zod'

import { SwarmError } from '../errors.js'
import { openDelay } from './impair.js'
import { createLiveness } from './liveness.js'
import type { Log } from '../log.js'
import { openRpc } from './rpc.js'
import { parseStatus, type PeerStatus } from './status.js'
import { applyPatch, isUrgent, PATCH_TOPIC, type StatusEncoder } from './status-patch.js'
import type { Handler, LostReason, Peer } from './types.js'

const PROTOCOL = 'swarmlambda/peer/1'
/** A small message: the sender replicates on this connection from now on. */
const REPLICATE_TOPIC = 'mesh/replicate'
const MAX_SMALL_BYTES = 1024 * 1024
const INTRODUCED_WITHIN_MS = 5_000

const label = z.string().min(1).max(128)

/** What each side says of itself first. */
const introductionSchema = z.looseObject({
  name: label,
  region: label,
  incarnation: z.string().regex(/^[0-9a-f]{16}$/),
  /** UDP port it can be dialled on. */
  port: z.number().int().min(1).max(65_535),
  /** Takes changes of a status instead of all of it, and replicates when the other side begins. */
  patches: z.boolean().optional(),
})
export type Introduction = z.infer<typeof introductionSchema>

const messageSchema = z.object({ topic: z.string().max(64), payload: z.unknown() })

export interface PeerConnection extends Peer {
  readonly introduction: Introduction
  /** Whether this side dialled. */
  readonly dialled: boolean
  /** Whole the first time, then what changed. `mayWait`: only when it changes where invocations go. */
  sendStatus(encoder: StatusEncoder, mayWait?: boolean): void
  /** To be called every `TICK_MS`: pings, and gives up a connection that has been silent for too long. */
  tick(): void
  /** Begins to replicate the store on this connection, if it doesn't yet. */
  replicate(): void
  /** Whether the store is replicated with it: in a large mesh with some only. */
  replicates(): boolean
  /** Holds back everything sent to it. */
  slow(delayMs: number): void
  close(reason: LostReason): void
}

export interface PeerOptions {
  stream: SecretStream
  own: Introduction
  handlers: ReadonlyMap<string, Handler>
  /** Replicates the store; called at the most once. */
  replicate: (stream: SecretStream) => void
  /** Whether to do it at once. */
  eager: boolean
  onIntroduced: (peer: PeerConnection) => void
  /** Once, for a peer that was introduced. */
  onLost: (peer: PeerConnection, reason: LostReason) => void
  onStatus: (peer: PeerConnection, status: PeerStatus) => void
  onMessage: (peer: PeerConnection, topic: string, payload: unknown) => void
  log: Log
}

/**
 * Opens the peer's channels at once, because the other side's are on their way and Protomux rejects what has no
 * counterpart. Until it has introduced itself it exists for nobody.
 */
export const openPeer = (options: PeerOptions): void => {
  const { stream, log } = options
  const id = stream.remotePublicKey.toString('hex')
  const liveness = createLiveness(performance.now())
  let introduction: Introduction = { name: id.slice(0, 8), region: 'unknown', incarnation: '', port: 0 }
  let introduced = false
  let status: PeerStatus | null = null
  let told: PeerStatus | null = null
  let lostReason: LostReason | null = null

  const complain = (what: string): void => {
    log.debug(what, { peer: introduction.name, id })
  }
  const channel = Protomux.from(stream).createChannel<Buffer>({
    protocol: PROTOCOL,
    handshake: encodings.raw,
    onopen: (handshake) => {
      const parsed = introductionSchema.safeParse(parseJson(handshake))
      if (parsed.success) {
        introduction = parsed.data
        introduced = true
        clearTimeout(introducing)
        if (replicates) tellReplicates()
        else if (introduction.patches !== true) replicate()
        options.onIntroduced(peer)
      } else {
        complain('malformed introduction')
        peer.close('error')
      }
    },
    onclose: () => {
      peer.close('closed')
    },
  })
  if (channel === null) throw new SwarmError('CLOSED', 'stream is closed')

  let replicates = false
  const replicate = (): void => {
    if (replicates || stream.destroyed) return
    replicates = true
    options.replicate(stream)
  }
  const tellReplicates = (): void => {
    if (introduction.patches === true) smallMessage.send(encodeSmall({ topic: REPLICATE_TOPIC, payload: null }))
  }

  // The order of these four is the protocol.
  const ping = channel.addMessage<number>({
    encoding: encodings.uint,
    onmessage: (number) => {
      pong.send(number)
    },
  })
  const pong = channel.addMessage<number>({
    encoding: encodings.uint,
    onmessage: (number) => {
      liveness.answered(number, performance.now())
    },
  })
  const statusMessage = channel.addMessage<Buffer>({
    encoding: encodings.raw,
    onmessage: (body) => {
      status = parseStatus(parseJson(body)) ?? status
      if (status === null) complain('malformed status')
      else options.onStatus(peer, status)
    },
  })
  const onPatch = (patch: unknown): void => {
    const patched = status === null ? null : applyPatch(status, patch)
    if (patched === null) {
      complain('malformed status')
      return
    }
    status = patched
    options.onStatus(peer, status)
  }
  const smallMessage = channel.addMessage<Buffer>({
    encoding: encodings.raw,
    onmessage: (body) => {
      const parsed = messageSchema.safeParse(parseJson(body))
      if (parsed.success && parsed.data.topic === PATCH_TOPIC) onPatch(parsed.data.payload)
      else if (parsed.success && parsed.data.topic === REPLICATE_TOPIC) replicate()
      else if (parsed.success) options.onMessage(peer, parsed.data.topic, parsed.data.payload)
      else complain('malformed message')
    },
  })
  const introducing = setTimeout(() => {
    complain('peer did not introduce itself')
    peer.close('timeout')
  }, INTRODUCED_WITHIN_MS)
  stream.once('close', () => {
    clearTimeout(introducing)
    if (introduced) options.onLost(peer, lostReason ?? 'closed')
  })

  const peer: PeerConnection = {
    id,
    get introduction() {
      return introduction
    },
    get name() {
      return introduction.name
    },
    get region() {
      return introduction.region
    },
    get status() {
      return status
    },
    get rttMs() {
      return liveness.rttMs()
    },
    dialled: stream.isInitiator,
    connectedAt: Date.now(),
    host: stream.rawStream?.remoteHost ?? '',
    replicates: () => replicates,
    request: (method, payload, callOptions) => rpc.request(method, payload, callOptions),
    send: (topic, payload) => {
      smallMessage.send(encodeSmall({ topic, payload }))
    },
    sendStatus: (encoder, mayWait = false) => {
      const patchable = introduction.patches === true ? told : null
      if (patchable !== null && mayWait && !isUrgent(patchable, encoder.status)) return
      if (patchable === null) statusMessage.send(bounded(encoder.whole()))
      else smallMessage.send(encoder.since(patchable))
      told = encoder.status
    },
    tick: () => {
      const next = liveness.tick(performance.now(), stream.rawBytesRead)
      if (next === 'dead') peer.close('timeout')
      else if (next !== null) ping.send(next)
    },
    replicate: () => {
      if (replicates) return
      replicate()
      tellReplicates()
    },
    slow: openDelay(stream),
    close: (reason) => {
      lostReason ??= reason
      stream.destroy()
    },
  }
  const rpc = openRpc(stream, peer, options.handlers)
  channel.open(encodeSmall(options.own))
  if (options.eager) replicate()
}

const bounded = (body: Buffer): Buffer => {
  if (body.byteLength <= MAX_SMALL_BYTES) return body
  throw new SwarmError('TOO_LARGE', `message of ${String(body.byteLength)} bytes`)
}
const encodeSmall = (value: unknown): Buffer => bounded(Buffer.from(JSON.stringify(value)))

/** The small message that carries a change of a status. */
export const encodePatch = (payload: unknown): Buffer => encodeSmall({ topic: PATCH_TOPIC, payload })

/** Undefined for what is too big or no JSON. */
const parseJson = (body: Buffer): unknown => {
  if (body.byteLength > MAX_SMALL_BYTES) return undefined
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return undefined
  }
}
