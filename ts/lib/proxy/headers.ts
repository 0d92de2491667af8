// Which headers pass through the proxy, and which it adds. Headers are flat lists of names and values, as they came.

import type { IncomingMessage } from 'node:http'

/** Of one connection, not of the message (RFC 9110 §7.6.1); `expect` is answered by the proxy itself. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The receipt of an edge, which does not know of the edges tried before it. */
const TRIES = 'x-swarm-tries'
/** To an edge: the one that may have begun with this request, and broke off. From an edge: that it leaves it at that. */
export const REPEAT = 'x-swarm-repeat'

/** The values of a header, in order. */
const valuesOf = (raw: readonly string[], wanted: string): string[] =>
  raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === wanted)

/** The first value of a header, or null. `wanted` in lower case. */
export const headerOf = (raw: readonly string[], wanted: string): string | null => valuesOf(raw, wanted)[0] ?? null

/** Without what belongs to the connection, the headers that Connection names included, and without `also`. */
export const endToEnd = (raw: readonly string[], also: readonly string[] = []): string[] => {
  const named = valuesOf(raw, 'connection').flatMap(value => value.split(','))
  const dropped = new Set([...HOP_BY_HOP, ...also, ...named.map(name => name.trim().toLowerCase())])
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (!dropped.has(name.toLowerCase())) kept.push(name, raw[index + 1] ?? '')
  }
  return kept
}

/**
 * The request's headers as an edge gets them. Host is the client's. X-Forwarded-For grows by the client's address;
 * -Proto and -Host stay those of a proxy before this one. They are for logs: a client can send anything in them.
 */
export const requestHeaders = (request: IncomingMessage, host: string | null, via: string): string[] => {
  const raw = request.rawHeaders
  const headers = endToEnd(raw, ['via', 'x-forwarded-for', REPEAT, ...(host === null ? [] : ['host'])])
  if (host !== null) headers.push('Host', host)
  const add = (name: string, value: string) => headers.push(name, [...valuesOf(raw, name.toLowerCase()), value].join(', '))
  add('Via', `${request.httpVersion} ${via}`)
  add('X-Forwarded-For', request.socket.remoteAddress ?? 'unknown')
  if (request.headers['x-forwarded-proto'] === undefined) headers.push('X-Forwarded-Proto', 'http')
  const asked = host ?? request.headers.host
  if (request.headers['x-forwarded-host'] === undefined && asked !== undefined) headers.push('X-Forwarded-Host', asked)
  return headers
}

/** The response's headers as the client gets them; `attempts` is how many edges were tried, `tries` what became of the others. */
export const responseHeaders = (raw: readonly string[], via: string, attempts: number, tries: string): string[] => {
  const receipt = tries === '' ? null : headerOf(raw, TRIES)
  const headers = endToEnd(raw, receipt === null ? ['via', REPEAT] : ['via', REPEAT, TRIES])
  if (receipt !== null) headers.push('X-Swarm-Tries', [tries, receipt].filter(part => part !== '').join(', '))
  headers.push('Via', [...valuesOf(raw, 'via'), `1.1 ${via}`].join(', '), 'X-Swarm-Proxy', String(attempts))
  return headers
}

/** Whether this very proxy has seen the request before. */
export const hasPassed = (request: IncomingMessage, via: string): boolean =>
  valuesOf(request.rawHeaders, 'via')
    .flatMap(value => value.split(','))
    .some(hop => hop.trim().split(' ')[1] === via)

/** The path for an edge, and the Host when the request line names one (RFC 9112 §3.2.2). Null: not a usable target. */
export const targetOf = (url: string): { path: string; host: string | null } | null => {
  if (url.startsWith('/')) return { path: url, host: null }
  const absolute = /^http:\/\/([^/?#@\s]+)((?:[/?][^#\s]*)?)(?:#|$)/i.exec(url)
  if (absolute === null) return null
  const [, host = '', rest = ''] = absolute
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host }
}
