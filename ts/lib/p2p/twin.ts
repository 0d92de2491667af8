// Two running edges with one identity: a copied state directory on another machine, where the store's own lock does not
// reach. A hello that carries our public key may be late or replayed, so its sender is asked, and only a live one can
// answer.
//
//   question  'SLQ1', nonce 16                                                        MAC 16
//   answer    'SLR1', nonce 16, public key 32, incarnation 8, ms since the epoch 6    MAC 16

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const QUESTION = Buffer.from('SLQ1')
const ANSWER = Buffer.from('SLR1')
const NONCE_BYTES = 16
const MAC_BYTES = 16
const QUESTION_BYTES = 4 + NONCE_BYTES + MAC_BYTES
const ANSWER_BYTES = 4 + NONCE_BYTES + 32 + 8 + 6 + MAC_BYTES
/** Questions that wait for an answer. */
const MAX_OPEN = 16

export interface TwinOptions {
  publicKey: Buffer
  /** 16 hex digits. */
  incarnation: string
  /** Milliseconds since the epoch. */
  startedAt: number
  keys: () => readonly Buffer[]
  /** A live one was found; whether we were started after it. */
  onTwin: (younger: boolean) => void
}

export interface Twins {
  /** To be sent to whoever says a hello with our public key and another incarnation. */
  question(): Buffer
  /** What to answer to a packet; null: nothing, or it is none of these. */
  heard(packet: Buffer): Buffer | null
}

export const createTwins = ({ incarnation, keys, onTwin, publicKey, startedAt }: TwinOptions): Twins => {
  const open = new Set<string>()
  const sign = (body: Buffer, key: Buffer): Buffer => Buffer.concat([body, createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES)])
  /** The key that signed it. */
  const signer = (packet: Buffer): Buffer | null => keys().find((key) => timingSafeEqual(sign(packet.subarray(0, -MAC_BYTES), key), packet)) ?? null

  const answerTo = (packet: Buffer, key: Buffer): Buffer => {
    const at = Buffer.alloc(6)
    at.writeUIntBE(startedAt, 0, 6)
    return sign(Buffer.concat([ANSWER, packet.subarray(4, 4 + NONCE_BYTES), publicKey, Buffer.from(incarnation, 'hex'), at]), key)
  }
  const onAnswer = (packet: Buffer): void => {
    const other = packet.toString('hex', 52, 60)
    if (!open.delete(packet.toString('hex', 4, 20)) || !packet.subarray(20, 52).equals(publicKey) || other === incarnation) return
    const theirs = packet.readUIntBE(60, 6)
    onTwin(startedAt > theirs || (startedAt === theirs && incarnation > other))
  }
  return {
    question: () => {
      const nonce = randomBytes(NONCE_BYTES)
      const [oldest] = open
      if (open.size >= MAX_OPEN && oldest !== undefined) open.delete(oldest)
      open.add(nonce.toString('hex'))
      return sign(Buffer.concat([QUESTION, nonce]), keys()[0] ?? Buffer.alloc(0))
    },
    heard: (packet) => {
      const isQuestion = packet.byteLength === QUESTION_BYTES && packet.subarray(0, 4).equals(QUESTION)
      const isAnswer = packet.byteLength === ANSWER_BYTES && packet.subarray(0, 4).equals(ANSWER)
      const key = isQuestion || isAnswer ? signer(packet) : null
      if (key === null) return null
      if (isQuestion) return answerTo(packet, key)
      onAnswer(packet)
      return null
    },
  }
}
