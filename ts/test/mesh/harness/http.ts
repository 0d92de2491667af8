// HTTP as a caller sees it: one request, everything about its answer.
import { Agent, request } from 'undici'
import type { ClusterSnapshot } from '../../../lib/snapshot.js'

export interface Answer {
  status: number
  headers: Record<string, string>
  text: string
  json: unknown
}

const TIMEOUT_MS = 30_000
const agent = new Agent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, keepAliveTimeout: 1_000 })

export async function call(method: string, url: string, body: unknown = null, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await request(url, {
    dispatcher: agent,
    method: method as 'GET',
    headers: { ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === null ? null : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  })
  const text = await response.body.text()
  return {
    status: response.statusCode,
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    text,
    json: parse(text),
  }
}

/** `exports.handler` of one file. */
export const deploy = (url: string, name: string, source: string, more: Record<string, unknown> = {}): Promise<Answer> =>
  call('POST', `${url}/functions`, { name, files: { 'index.js': source }, ...more })

export const invoke = (url: string, name: string, event: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  call('POST', `${url}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, event, headers)

/** `edge-a=absent;0.1ms, edge-b=ok;2.3ms` → `edge-a=absent edge-b=ok`. */
export const tries = (answer: Answer): string =>
  (answer.headers['x-swarm-tries'] ?? '').split(', ').map((one) => one.replace(/;.*$/, '')).join(' ')

/** The first snapshot of the event stream that is as wanted; rejects with the last one when the time is up. */
export async function snapshotWhere(url: string, isWanted: (snapshot: ClusterSnapshot) => boolean, timeoutMs = 20_000): Promise<ClusterSnapshot> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  let last: ClusterSnapshot | null = null
  try {
    const { body } = await request(`${url}/events`, { signal: abort.signal })
    for await (const { data, event } of events(body)) {
      if (event !== 'snapshot') continue
      last = JSON.parse(data) as ClusterSnapshot
      if (isWanted(last)) return last
    }
    throw new Error('the event stream ended')
  } catch (error) {
    throw new Error(`no such snapshot from ${url} within ${timeoutMs} ms; the last: ${JSON.stringify(last)}`, { cause: error })
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

export interface ServerEvent {
  id: string
  event: string
  data: string
}

/** Server-sent events, one by one. */
export async function* events(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const field = (name: string): string => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join('\n')
      if (lines.some((line) => line.startsWith('data:'))) yield { id: field('id'), event: field('event'), data: field('data') }
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
