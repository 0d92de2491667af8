// One request over the edges: the nearest first, the next when nothing was sent. When an edge breaks off with a request, or
// hangs with it, the next one is asked too, and told so: it knows whether the function may run twice (X-Swarm-Repeat).

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Pool } from 'undici'
import { codeOf, reasonOf } from '../errors.js'
import type { Log } from '../log.js'
import type { RetryBudget } from '../router.js'
import type { Upstream, Upstreams } from '../upstreams.js'
import { attempt, type Attempt, type Outcome } from './attempt.js'
import { fail, type Failure } from './failure.js'
import { hasPassed, headerOf, REPEAT, requestHeaders, targetOf } from './headers.js'
import { recordBody } from './recording.js'

export interface Forwarding {
  upstreams: Upstreams
  poolOf: (upstream: Upstream) => Pool
  /** This proxy's name in Via. */
  via: string
  isClosing: () => boolean
  endless: Set<ServerResponse>
  /** Of requests that are made twice. */
  budget: RetryBudget
  log: Log
}

/** What came of trying one edge after the other. */
type Course =
  | Exclude<Outcome, { type: 'unsent' | 'broken' }>
  | { type: 'broken'; upstream: Upstream; error: Error }
  | { type: 'nobody' }

/** Our own shortage says nothing about the edge. */
const LOCAL_SHORTAGE = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS'])

const nameOf = ({ name, address }: Upstream): string => (name === null ? address : `${name} (${address})`)

const brokenBy = (upstream: Upstream, error: Error): Failure =>
  codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT'
    ? { status: 504, message: `${nameOf(upstream)} did not answer in time` }
    : { status: 502, message: `${nameOf(upstream)} broke off before it answered: ${reasonOf(error)}` }

/** Answers the request; never rejects. */
export const forward = async (
  forwarding: Forwarding,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade: Attempt['upgrade'] = null,
): Promise<void> => {
  const { budget, log, poolOf, upstreams, via } = forwarding
  const target = targetOf(request.url ?? '')
  if (target === null) return fail(response, { status: 400, message: 'The request target is not a path' }, 0)
  if (hasPassed(request, via)) return fail(response, { status: 508, message: 'The proxy is one of its own edges' }, 0)

  budget.deposit(1)
  const headers = requestHeaders(request, target.host, via)
  const body = recordBody(request)
  const tried = new Set<Upstream>()
  const tries: string[] = []
  const underWay = new Set<AbortController>()
  let isAnswered = false
  let waitsFor: Upstream | null = null

  const send = async (upstream: Upstream, repeats: Upstream | null, isWanted: (headers: readonly string[]) => boolean): Promise<Outcome> => {
    const beganAt = performance.now()
    const stop = new AbortController()
    underWay.add(stop)
    const outcome = await attempt({
      request,
      response,
      pool: poolOf(upstream),
      path: target.path,
      headers: repeats === null ? headers : [...headers, REPEAT, repeats.name ?? repeats.address],
      body: upgrade === null ? body.read() : null,
      via,
      number: tried.size,
      tries: tries.join(', '),
      mayAnswer: given => {
        if (isAnswered || !isWanted(given)) return false
        isAnswered = true
        body.forget()
        for (const other of underWay) if (other !== stop) other.abort()
        return true
      },
      signal: stop.signal,
      upgrade,
      isClosing: forwarding.isClosing,
      endless: forwarding.endless,
    })
    underWay.delete(stop)
    if (outcome.type !== 'unsent' && outcome.type !== 'broken') return outcome
    tries.push(`${upstream.name ?? upstream.address}=unreachable;${(performance.now() - beganAt).toFixed(1)}ms`)
    log.debug('attempt failed', { edge: nameOf(upstream), type: outcome.type, reason: reasonOf(outcome.error) })
    if (!LOCAL_SHORTAGE.has(codeOf(outcome.error) ?? '')) upstreams.failed(upstream, outcome.error)
    return outcome
  }

  /** From edge to edge until one gets the request. */
  const course = async (repeats: Upstream | null, isWanted: (headers: readonly string[]) => boolean): Promise<Course> => {
    for (const upstream of upstreams.candidates()) {
      if (tried.has(upstream)) continue
      tried.add(upstream)
      if (repeats === null) waitsFor = upstream
      const outcome = await send(upstream, repeats, isWanted)
      if (outcome.type === 'broken') return { ...outcome, upstream }
      if (outcome.type !== 'unsent') return outcome
    }
    return { type: 'nobody' }
  }

  const first = course(null, () => true)
  let end = await Promise.race([first, hangOf(upstreams, () => waitsFor, first)])
  const mayRepeat = (): boolean => upgrade === null && !response.headersSent && body.isWhole() && budget.withdraw()
  if (end.type === 'hangs') {
    // The first may answer yet, so a refusal to make the request twice is not the answer.
    const second = mayRepeat() ? await course(end.upstream, given => headerOf(given, REPEAT) === null) : null
    end = second?.type === 'done' ? second : await first
  } else if (end.type === 'broken' && mayRepeat()) {
    const second = await course(end.upstream, () => true)
    if (second.type === 'done') end = second
  }
  body.forget()

  switch (end.type) {
    case 'done':
    case 'passed':
      return
    case 'invalid':
      return fail(response, { status: 400, message: `Could not pass the request on: ${end.error.message}` }, tried.size)
    case 'broken':
      return fail(response, brokenBy(end.upstream, end.error), tried.size)
    case 'nobody': {
      const message = tried.size === 0 ? 'No edge is ready' : `No edge could be reached; tried ${[...tried].map(nameOf).join(', ')}`
      return fail(response, { status: 503, message }, tried.size)
    }
  }
}

/** Resolves when the edge that the request waits for hangs; never when it is answered before. */
const hangOf = (upstreams: Upstreams, waitsFor: () => Upstream | null, answered: Promise<unknown>): Promise<{ type: 'hangs'; upstream: Upstream }> =>
  new Promise(resolve => {
    const onHangs = (upstream: Upstream): void => {
      if (upstream === waitsFor()) resolve({ type: 'hangs', upstream })
    }
    upstreams.events.on('hangs', onHangs)
    void answered.finally(() => upstreams.events.off('hangs', onHangs))
  })
