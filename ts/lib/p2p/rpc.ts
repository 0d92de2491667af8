// Calls between two authenticated edges, straight on Protomux: deadline and cancellation go over the wire, and both
// sides bound what is in flight. protomux-rpc has none of these, and worse: its handlers return promises to Protomux,
// which holds back everything it sends (pings too) until the slowest call that came in the same batch is answered.
//
// Frames: request  u32 id, u32 milliseconds left, u8 length of the method's name, the name, the payload
//         response u32 id, u8 status (0 answer, 1 error), the answer or {code, message} in JSON
//         cancel   u32 id

import type { SecretStream } from '@hyperswarm/secret-stream'
import encodings from 'compact-encoding'
import Protomux from 'protomux'
import { z } from 'zod'

import { ERRORS, messageOf, SwarmError, type ErrorCode } from '../errors.js'
import type { Handler, Peer } from './types.js'

const PROTOCOL = 'swarmlambda/rpc/1'
/** One write above 16 MB kills the connection. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024
export const MAX_CALLS_OUT = 256
const MAX_BYTES_OUT = 64 * 1024 * 1024
const MAX_CALLS_IN = 512
const MAX_TIMEOUT_MS = 15 * 60_000

/**
 * `PEER_UNREACHABLE`; `sent` tells whether the request may have reached the peer, so that its handler may have
 * started.
 */
export class UnreachableError extends SwarmError {
  readonly sent: boolean

  constructor(message: string, sent: boolean) {
    super('PEER_UNREACHABLE', message)
    this.sent = sent
  }
}

export interface Rpc {
  request: Peer['request']
}

/** `handlers` is looked up at each call: methods may be added later. */
export const openRpc = (stream: SecretStream, peer: Peer, handlers: ReadonlyMap<string, Handler>): Rpc => {
  const waiting = new Map<number, { resolve: (answer: Buffer) => void; reject: (error: Error) => void }>()
  const running = new Map<number, AbortController>()
  let nextId = 1
  let bytesOut = 0

  const channel = Protomux.from(stream).createChannel<undefined>({
    protocol: PROTOCOL,
    onclose: () => {
      for (const call of waiting.values())
        call.reject(new UnreachableError(`connection to ${peer.name} was lost`, true))
      for (const controller of running.values()) controller.abort(new SwarmError('CLOSED', 'connection lost'))
    },
  })
  if (channel === null) throw new SwarmError('CLOSED', 'stream is closed')

  const run = async (call: Call): Promise<Buffer> => {
    const handler = handlers.get(call.method)
    if (handler === undefined) throw new SwarmError('NOT_FOUND', `no method ${call.method}`)
    if (running.size >= MAX_CALLS_IN) throw new SwarmError('TOO_MANY_REQUESTS', 'too many calls in flight')
    const controller = new AbortController()
    const expire = (): void => {
      controller.abort(new SwarmError('DEADLINE', `${call.method} ran out of time`))
    }
    const timer = setTimeout(expire, call.remainingMs)
    running.set(call.id, controller)
    try {
      const context = { peer, signal: controller.signal, deadlineMs: Date.now() + call.remainingMs }
      const answer = await handler(call.payload, context)
      if (answer.byteLength <= MAX_MESSAGE_BYTES) return answer
      throw new SwarmError('TOO_LARGE', `answer of ${String(answer.byteLength)} bytes`)
    } finally {
      clearTimeout(timer)
      running.delete(call.id)
    }
  }
  const onRequest = (frame: Buffer): void => {
    const call = decodeCall(frame)
    if (call === null || running.has(call.id)) return
    run(call).then(
      (answer) => response.send(encodeAnswer(call.id, 0, answer)),
      (error: unknown) => response.send(encodeAnswer(call.id, 1, encodeError(error))),
    )
  }
  const onResponse = (frame: Buffer): void => {
    if (frame.byteLength < 5) return
    // Absent: it gave up already.
    const call = waiting.get(frame.readUInt32BE(0))
    if (frame.readUInt8(4) === 0) call?.resolve(frame.subarray(5))
    else call?.reject(decodeError(frame.subarray(5)))
  }
  const onCancel = (frame: Buffer): void => {
    if (frame.byteLength !== 4) return
    running.get(frame.readUInt32BE(0))?.abort(new SwarmError('CLOSED', 'cancelled by the caller'))
  }
  const request = channel.addMessage({ encoding: encodings.raw, onmessage: onRequest })
  const response = channel.addMessage({ encoding: encodings.raw, onmessage: onResponse })
  const cancel = channel.addMessage({ encoding: encodings.raw, onmessage: onCancel })
  channel.open(undefined)

  const call = async (
    method: string,
    payload: Buffer,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> => {
    const id = nextId
    nextId = (nextId % 0xffff_ffff) + 1
    let giveUp = (_error: Error): void => undefined
    const onAbort = (): void => {
      giveUp(asError(signal?.reason))
    }
    const timer = setTimeout(() => {
      giveUp(new SwarmError('DEADLINE', `${peer.name} did not answer ${method} in ${String(timeoutMs)} ms`))
    }, timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    bytesOut += payload.byteLength
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        giveUp = (error) => {
          if (!channel.closed) cancel.send(encodeId(id))
          reject(error)
        }
        request.send(encodeCall({ id, remainingMs: timeoutMs, method, payload }))
      })
    } finally {
      waiting.delete(id)
      bytesOut -= payload.byteLength
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    request: async (method, payload, { timeoutMs, signal }) => {
      if (signal?.aborted === true) throw asError(signal.reason)
      const remainingMs = Math.min(Math.ceil(timeoutMs), MAX_TIMEOUT_MS)
      if (remainingMs <= 0) throw new SwarmError('DEADLINE', `no time left for ${method}`)
      if (payload.byteLength > MAX_MESSAGE_BYTES)
        throw new SwarmError('TOO_LARGE', `request of ${String(payload.byteLength)} bytes`)
      if (channel.closed) throw new UnreachableError(`${peer.name} is not connected`, false)
      if (waiting.size >= MAX_CALLS_OUT || bytesOut + payload.byteLength > MAX_BYTES_OUT) {
        throw new SwarmError('TOO_MANY_REQUESTS', `too many calls to ${peer.name} in flight`)
      }
      return call(method, payload, remainingMs, signal)
    },
  }
}

interface Call {
  id: number
  remainingMs: number
  method: string
  payload: Buffer
}

const encodeId = (id: number): Buffer => {
  const frame = Buffer.alloc(4)
  frame.writeUInt32BE(id)
  return frame
}

const encodeCall = (call: Call): Buffer => {
  const method = Buffer.from(call.method)
  const head = Buffer.alloc(9)
  head.writeUInt32BE(call.id, 0)
  head.writeUInt32BE(call.remainingMs, 4)
  head.writeUInt8(method.byteLength, 8)
  return Buffer.concat([head, method, call.payload])
}

const decodeCall = (frame: Buffer): Call | null => {
  const methodEnd = frame.byteLength < 9 ? Infinity : 9 + frame.readUInt8(8)
  if (methodEnd > frame.byteLength || frame.byteLength - methodEnd > MAX_MESSAGE_BYTES) return null
  return {
    id: frame.readUInt32BE(0),
    remainingMs: Math.min(frame.readUInt32BE(4), MAX_TIMEOUT_MS),
    method: frame.toString('utf8', 9, methodEnd),
    payload: frame.subarray(methodEnd),
  }
}

const encodeAnswer = (id: number, status: 0 | 1, body: Buffer): Buffer =>
  Buffer.concat([encodeId(id), Buffer.of(status), body])

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(messageOf(reason)))

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

const wireErrorSchema = z.object({ code: z.string(), message: z.string() })

const encodeError = (error: unknown): Buffer =>
  Buffer.from(
    JSON.stringify({
      code: error instanceof SwarmError ? error.code : 'INTERNAL',
      message: messageOf(error).slice(0, 4_096),
    }),
  )

const decodeError = (body: Buffer): SwarmError => {
  try {
    const { code, message } = wireErrorSchema.parse(JSON.parse(body.toString()))
    return new SwarmError(isErrorCode(code) ? code : 'INTERNAL', message)
  } catch (error) {
    return new SwarmError('INTERNAL', 'malformed answer', { cause: error })
  }
}
