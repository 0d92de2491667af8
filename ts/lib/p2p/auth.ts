// The proof that opens a connection: each side shows a MAC, keyed by the cluster key, over this connection's Noise
// handshake, its role, and the initiator's public key. A proof is worth nothing on another connection (replay, a man in
// the middle) nor in the other role (reflection). Nothing else is opened, sent or answered before it.

import { createHmac, timingSafeEqual } from 'node:crypto'

import type { SecretStream } from '@hyperswarm/secret-stream'
import encodings from 'compact-encoding'
import Protomux from 'protomux'

const PROTOCOL = 'swarmlambda/auth/1'
export const AUTH_TIMEOUT_MS = 5_000
/** A proof takes some 150 bytes; whoever sends more before it is no peer. */
const MAX_BYTES_BEFORE_PROOF = 64 * 1024
/** As many as a ring of keys holds. */
const MAX_PROOFS = 3

const proofOf = (key: Buffer, stream: SecretStream, byInitiator: boolean): Buffer =>
  createHmac('sha256', key)
    .update(byInitiator ? 'initiator' : 'responder')
    .update(stream.handshakeHash)
    .update(stream.isInitiator ? stream.publicKey : stream.remotePublicKey)
    .digest()

export interface AuthenticateOptions {
  /** The cluster's MAC keys: current, then previous ones while a rotation lasts. */
  keys: readonly Buffer[]
  timeoutMs?: number
  /**
   * Called inside the arrival of the proof, not later: the peer's next message may open a channel, and Protomux rejects
   * at once what isn't there.
   */
  onProved: () => void
  /** The stream is destroyed. */
  onRejected: (reason: string) => void
}

/** Proves to the other side and waits for its proof; calls exactly one of the two. */
export const authenticate = (stream: SecretStream, options: AuthenticateOptions): void => {
  let settled = false
  const settle = (reason: string | null): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    stream.off('close', onClose)
    stream.off('data', onData)
    if (reason === null) {
      options.onProved()
    } else {
      stream.destroy()
      options.onRejected(reason)
    }
  }
  const onClose = (): void => {
    settle('closed')
  }
  const onData = (): void => {
    if (stream.rawBytesRead > MAX_BYTES_BEFORE_PROOF) settle('too much data before the proof')
  }
  const timer = setTimeout(() => {
    settle('no proof in time')
  }, options.timeoutMs ?? AUTH_TIMEOUT_MS)
  stream.on('close', onClose)
  const channel = Protomux.from(stream).createChannel<Buffer[]>({
    protocol: PROTOCOL,
    handshake: encodings.array(encodings.fixed32),
    onopen: (proofs) => {
      const wanted = options.keys.map((key) => proofOf(key, stream, !stream.isInitiator))
      const proved = proofs.slice(0, MAX_PROOFS).some((proof) => wanted.some((want) => timingSafeEqual(want, proof)))
      settle(proved ? null : 'wrong proof')
    },
  })
  if (channel === null) {
    settle('closed')
    return
  }
  stream.on('data', onData)
  channel.open(options.keys.map((key) => proofOf(key, stream, stream.isInitiator)))
}
