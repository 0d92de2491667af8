// How an invocation travels between edges: u32 length of a JSON header, the header, raw bytes.
import { z } from 'zod'
import { SwarmError } from '../errors.js'
import type { InvokeRequest, Outcome } from '../native.js'

/** Method of the mesh's RPC. Its handler runs the function on that edge or says `absent`: it never asks a third. */
export const INVOKE = 'invoke'

const MAX_HEADER_BYTES = 64 * 1024
const LENGTH_BYTES = 4

const requestHeader = z.object({
  name: z.string().min(1).max(256),
  requestId: z.string().min(1).max(128),
  clientContext: z.string().max(MAX_HEADER_BYTES).nullable(),
  /** W3C Trace Context; an older edge does not say. */
  traceparent: z.string().max(64).nullable().default(null),
  tracestate: z.string().max(512).nullable().default(null),
  /** The event and the result shall be kept where it runs. */
  record: z.boolean().default(false),
})

export const outcomeHeader = z.object({
  class: z.enum(['ok', 'error', 'timeout', 'crashed', 'refused', 'absent']),
  ms: z.number().nonnegative(),
  memoryMb: z.number().nonnegative(),
  /** Bytes of the body that are logs; the payload follows. */
  logs: z.int().nonnegative(),
})

/** The deadline is the RPC's own, so it is not in the frame. */
export const encodeInvoke = ({ clientContext, name, origin, payload, requestId }: Omit<InvokeRequest, 'remainingMs'>): Buffer =>
  encode(requestHeader, { name, requestId, clientContext, traceparent: origin?.traceparent ?? null, tracestate: origin?.tracestate ?? null, record: origin?.record ?? false }, payload)

/** `from`: the name of the edge that asks. */
export function decodeInvoke(frame: Buffer, remainingMs: number, from: string): InvokeRequest {
  const { header, body } = decode(requestHeader, frame)
  const { clientContext, name, record, requestId, traceparent, tracestate } = header
  return { name, requestId, clientContext, payload: body, remainingMs, origin: { via: 'peer', from, traceparent, tracestate, record } }
}

export const encodeOutcome = ({ class: kind, ms, memoryMb, logs, payload }: Outcome): Buffer =>
  encode(outcomeHeader, { class: kind, ms, memoryMb, logs: logs.length }, logs, payload)

export function decodeOutcome(frame: Buffer): Outcome {
  const { header, body } = decode(outcomeHeader, frame)
  if (header.logs > body.length) throw malformed('logs')
  return { ...header, logs: body.subarray(0, header.logs), payload: body.subarray(header.logs) }
}

export function encode<Header>(_schema: z.ZodType<Header>, header: Header, ...parts: Buffer[]): Buffer {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, ...parts])
}

/** Throws `INVALID_REQUEST`. */
export function decode<Header>(schema: z.ZodType<Header>, frame: Buffer): { header: Header; body: Buffer } {
  if (frame.length < LENGTH_BYTES) throw malformed('length')
  const end = LENGTH_BYTES + frame.readUInt32BE(0)
  if (end > frame.length || end > MAX_HEADER_BYTES) throw malformed('length')
  const parsed = schema.safeParse(parseJson(frame.subarray(LENGTH_BYTES, end)))
  if (!parsed.success) throw malformed('header', parsed.error)
  return { header: parsed.data, body: frame.subarray(end) }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw malformed('header', cause)
  }
}

const malformed = (part: string, cause?: unknown): SwarmError => new SwarmError('INVALID_REQUEST', `malformed frame: ${part}`, { cause })
