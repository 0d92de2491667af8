// An edge as the command line talks to it.
import { Readable } from 'node:stream'
import { Agent, request, type Dispatcher } from 'undici'
import { codeOf, messageOf, reasonOf, SwarmError, type ErrorCode } from './errors.js'

/** Where the proxy of `npm start` listens, and its first edge. */
const DEFAULT_ENDPOINTS = ['http://127.0.0.1:8790', 'http://127.0.0.1:8787'] as const
const PROBE_MS = 2_000
const CONNECT_MS = 10_000
/** A function may run for 15 minutes before it answers. */
const ANSWER_MS = 920_000
/** A body is sent in pieces of this size, so that its progress can be shown. */
const CHUNK_BYTES = 64 * 1024

export interface Answer {
  status: number
  /** By lower-case name. */
  headers: Record<string, string>
  text: string
}

export interface Asked {
  body?: string | Uint8Array
  headers?: Record<string, string>
  /** Told how many bytes of the body are on their way. */
  onSent?: (bytes: number) => void
  signal?: AbortSignal
}

export interface ServerEvent {
  event: string
  data: string
  /** Where to go on after this one; null: not said. */
  id: string | null
}

export interface Client {
  endpoint: string
  /** The answer, or {@link Refused} with what the edge said; `PEER_UNREACHABLE`. */
  call(method: string, path: string, asked?: Asked): Promise<Answer>
  /** The same with a JSON body, which is null for none; what came back, parsed (null for an empty answer). */
  json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T>
  /** Server-sent events until the edge ends the stream or the signal aborts; `after`: the id of the last one seen. */
  events(path: string, signal: AbortSignal, after?: string): AsyncGenerator<ServerEvent>
}

/** What the edge said no to. */
export class Refused extends SwarmError {
  readonly status: number
  /** Where in the author's file, when the edge knows. */
  readonly place: { file: string; line: number; column: number } | null

  constructor(status: number, message: string, place: Refused['place']) {
    super(CODES[status] ?? 'INVALID_REQUEST', message)
    this.status = status
    this.place = place
  }
}

const CODES: Record<number, ErrorCode> = { 403: 'FORBIDDEN', 404: 'NOT_FOUND', 405: 'METHOD_NOT_ALLOWED', 409: 'CONFLICT', 412: 'STALE', 413: 'TOO_LARGE', 429: 'TOO_MANY_REQUESTS', 502: 'PEER_UNREACHABLE', 504: 'DEADLINE' }

/** `endpoint` null: the first of the usual ones where an edge or a proxy answers. */
export async function connect(endpoint: string | null, token: string | null): Promise<Client> {
  const base = endpoint === null ? await firstThatAnswers() : originOf(endpoint)
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  const agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: ANSWER_MS, bodyTimeout: 0, keepAliveTimeout: 1_000 })

  const send = async (method: string, path: string, { body, headers = {}, onSent, signal }: Asked): Promise<Dispatcher.ResponseData> => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    try {
      return await request(base + path, {
        dispatcher: agent,
        method: method as 'GET',
        headers: { ...authorization, ...(bytes && { 'content-length': String(bytes.length) }), ...headers },
        ...(bytes && { body: onSent ? Readable.from(pieces(bytes, onSent)) : bytes }),
        ...(signal && { signal }),
      })
    } catch (cause) {
      if (signal?.aborted) throw cause
      throw new SwarmError('PEER_UNREACHABLE', `no edge answers at ${base}: ${reasonOf(cause) || (codeOf(cause) ?? messageOf(cause))}`, { cause })
    }
  }

  const call: Client['call'] = async (method, path, asked = {}) => {
    const { body, headers, statusCode } = await send(method, path, asked)
    const text = await body.text()
    if (statusCode >= 400) throw refusal(statusCode, text)
    return { status: statusCode, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])), text }
  }

  return {
    endpoint: base,
    call,
    async json<T>(method: string, path: string, body: unknown = null, signal?: AbortSignal) {
      const { text } = await call(method, path, {
        ...(body !== null && { body: JSON.stringify(body) }),
        ...(method !== 'GET' && { headers: { 'content-type': 'application/json' } }),
        ...(signal && { signal }),
      })
      return (text === '' ? null : JSON.parse(text)) as T
    },
    async *events(path, signal, after = '') {
      const { body, statusCode } = await send('GET', path, { headers: { accept: 'text/event-stream', ...(after !== '' && { 'last-event-id': after }) }, signal })
      if (statusCode >= 400) throw refusal(statusCode, await body.text())
      try {
        yield* eventsOf(body)
      } catch (error) {
        if (!signal.aborted) throw new SwarmError('PEER_UNREACHABLE', `${base} ended the stream: ${messageOf(error)}`, { cause: error })
      }
    },
  }
}

async function firstThatAnswers(): Promise<string> {
  for (const endpoint of DEFAULT_ENDPOINTS) {
    const answers = await request(`${endpoint}/healthz`, { headersTimeout: PROBE_MS, bodyTimeout: PROBE_MS }).then(async ({ body }) => (await body.dump(), true), () => false)
    if (answers) return endpoint
  }
  throw new SwarmError('PEER_UNREACHABLE', `no edge answers at ${DEFAULT_ENDPOINTS.join(' or ')}: start some with "swarmlambda dev" or "npm start", or name one with --endpoint or SWARMLAMBDA_ENDPOINT`)
}

function originOf(endpoint: string): string {
  try {
    const { origin, pathname, protocol } = new URL(endpoint)
    if (protocol === 'http:' || protocol === 'https:') return origin + pathname.replace(/\/$/, '')
  } catch {
    // Falls through.
  }
  throw new SwarmError('CONFIG_INVALID', `endpoint: ${JSON.stringify(endpoint)} must be a URL such as http://127.0.0.1:8787`)
}

async function* pieces(bytes: Uint8Array, onSent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    yield bytes.subarray(from, from + CHUNK_BYTES)
    onSent(Math.min(from + CHUNK_BYTES, bytes.length))
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, of which edges use `event` and `data`. */
async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = text.slice(0, end).split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line) ?? [])
      text = text.slice(end + 2)
      const valuesOf = (wanted: string): string[] => fields.flatMap(([, name, value = '']) => (name === wanted ? [value] : []))
      const data = valuesOf('data')
      if (data.length > 0) yield { event: valuesOf('event').at(-1) ?? 'message', data: data.join('\n'), id: valuesOf('id').at(-1) ?? null }
    }
  }
}

interface Said {
  Message?: string
  message?: string
  file?: string
  line?: number
  column?: number
}

function refusal(status: number, text: string): Refused {
  try {
    const { Message, column = 1, file, line, message } = JSON.parse(text) as Said
    const place = file === undefined || line === undefined ? null : { file, line, column }
    return new Refused(status, Message ?? message ?? text, place)
  } catch {
    return new Refused(status, text === '' ? `status ${status}` : text.slice(0, 500), null)
  }
}
