// One request over the edges: the nearest first, the next only when nothing was sent.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Pool } from 'undici'
import { codeOf, reasonOf } from '../errors.js'
import type { Log } from '../log.js'
import type { Upstream, Upstreams } from '../upstreams.js'
import { attempt, type Attempt } from './attempt.js'
import { fail, type Failure } from './failure.js'
import { hasPassed, requestHeaders, targetOf } from './headers.js'

export interface Forwarding {
  upstreams: Upstreams
  poolOf: (upstream: Upstream) => Pool
  /** This proxy's name in Via. */
  via: string
  isClosing: () => boolean
  endless: Set<ServerResponse>
  log: Log
}

/** Our own shortage says nothing about the edge. */
const LOCAL_SHORTAGE = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS'])

const nameOf = ({ name, address }: Upstream): string => (name === null ? address : `${name} (${address})`)

const brokenBy = (upstream: Upstream, error: Error): Failure =>
  codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT'
    ? { status: 504, message: `${nameOf(upstream)} did not answer in time` }
    : { status: 502, message: `${nameOf(upstream)} broke off before it answered: ${reasonOf(error)}` }

/** Answers the request; never rejects. */
export const forward = async (
  { upstreams, poolOf, via, isClosing, endless, log }: Forwarding,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade: Attempt['upgrade'] = null,
): Promise<void> => {
  const target = targetOf(request.url ?? '')
  if (target === null) return fail(response, { status: 400, message: 'The request target is not a path' }, 0)
  if (hasPassed(request, via)) return fail(response, { status: 508, message: 'The proxy is one of its own edges' }, 0)

  const headers = requestHeaders(request, target.host, via)
  const tried: string[] = []
  for (const upstream of upstreams.candidates()) {
    tried.push(nameOf(upstream))
    const number = tried.length
    const pool = poolOf(upstream)
    const outcome = await attempt({
      request,
      response,
      pool,
      path: target.path,
      headers,
      via,
      number,
      upgrade,
      isClosing,
      endless,
    })
    if (outcome.type === 'done') return
    if (outcome.type === 'invalid') {
      return fail(response, { status: 400, message: `Could not pass the request on: ${outcome.error.message}` }, number)
    }
    log.debug('attempt failed', { edge: nameOf(upstream), type: outcome.type, reason: reasonOf(outcome.error) })
    if (!LOCAL_SHORTAGE.has(codeOf(outcome.error) ?? '')) upstreams.failed(upstream, outcome.error)
    if (outcome.type === 'broken') return fail(response, brokenBy(upstream, outcome.error), number)
  }
  const message = tried.length === 0 ? 'No edge is ready' : `No edge could be reached; tried ${tried.join(', ')}`
  fail(response, { status: 503, message }, tried.length)
}
