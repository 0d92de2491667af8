// Asynchronous invocations on this edge: what HTTP brings, where each attempt runs, and what is left to peers.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { LIMITS } from '../api/limits.js'
import type { DeadLetters } from '../api/control.js'
import type { Request } from '../api/requests.js'
import { messageOf, SwarmError } from '../errors.js'
import { arnsOf, isVersion, parseReference, regionOf } from '../api/names.js'
import type { Log } from '../log.js'
import type { ControlResponse, Engine, MissRequest, MissResponse, Origin } from '../native.js'
import type { Mesh, Peer } from '../p2p/types.js'
import { openQueue, queuedEventSchema, type NewEvent, type Attempted, type DeadLetter, type Destination, type QueuedEvent, type Settings } from '../queue.js'
import { attributeKey, qualifiedKey } from '../registry/parts.js'
import type { Registry } from '../registry/types.js'
import type { Place } from './spec.js'

export interface EventInvocationsOptions {
  place: Place
  stateDir: string
  engine: Pick<Engine, 'invoke'>
  registry: Pick<Registry, 'get' | 'item'>
  mesh: Pick<Mesh, 'peers' | 'handle'>
  onMiss: (request: MissRequest) => Promise<MissResponse>
  /** Whether this edge is to execute the slot of a schedule. */
  claim: (slot: NonNullable<QueuedEvent['schedule']>) => Promise<boolean>
  retryDelaysMs: readonly number[]
  isDraining: () => boolean
  clock: () => number
  log: Log
}

export interface EventInvocations {
  /** 202 once the event is on disk. */
  accept(request: Request, encodedName: string): Promise<ControlResponse>
  /** Of a schedule or another part of this edge. */
  enqueue(event: Omit<NewEvent, 'clientContext'>): Promise<void>
  deadLetters: DeadLetters
  /** Of this edge. */
  lengths(): { waiting: number; dead: number }
  /** Begins nothing more, waits at most so long for what runs, and gives the rest to peers that stay. */
  pause(graceMs: number): Promise<void>
  resume(): void
  /** As `pause`, for good. */
  leave(graceMs: number): Promise<void>
}

const ORIGIN: Origin = { via: 'event', from: null, traceparent: null, tracestate: null, record: false }
const METHOD = 'events'
const PEER_TIMEOUT_MS = 3_000
/** Lambda's default of MaximumEventAgeInSeconds. */
const MAX_AGE_S = 21_600
const MAX_RETRIES = 2

/** What an edge asks of another. */
const askSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('adopt'), event: queuedEventSchema }),
  z.object({ do: z.literal('list'), name: z.string().nullable() }),
  z.object({ do: z.literal('redrive'), id: z.string().nullable() }),
  z.object({ do: z.literal('discard'), id: z.string() }),
])
type Ask = z.infer<typeof askSchema>
const answerSchema = z.object({ letters: z.array(z.looseObject({})).default([]), count: z.number().default(0) })
type Answer = z.infer<typeof answerSchema>

export async function openEventInvocations(options: EventInvocationsOptions): Promise<EventInvocations> {
  const { claim, clock, engine, isDraining, log, mesh, onMiss, place, registry, retryDelaysMs, stateDir } = options

  const invoke = async (event: QueuedEvent): Promise<Attempted> => {
    const { clientContext, id: requestId, name } = event
    // Once it was tried, it is this edge's, or was given to it.
    if (event.schedule && event.attempts === 0 && event.refusals === 0 && !(await claim(event.schedule))) return { kind: 'superseded' }
    if (registry.get(name) === null) return { kind: 'absent' }
    const version = versionOf(registry, event)
    const payload = Buffer.from(event.payload)
    let outcome = await engine.invoke({ name: version === null ? name : qualifiedKey(name, version), requestId, clientContext, payload, remainingMs: null, origin: ORIGIN })
    if (outcome.class !== 'ok') {
      const local = outcome
      outcome = (await onMiss({ name, qualifier: version, requestId, payload, clientContext, failover: null, once: null, origin: ORIGIN, local })).outcome ?? local
    }
    if (outcome.class === 'absent' && registry.get(version === null ? name : qualifiedKey(name, version)) === null) return { kind: 'absent' }
    if (outcome.class === 'absent' || outcome.class === 'refused' || outcome.class === 'unreachable') return { kind: 'refused' }
    const functionArn = arnsOf(regionOf(undefined)).function(name, event.qualifier ?? '$LATEST')
    return { kind: outcome.class === 'ok' ? 'ok' : 'failed', response: outcome.payload.toString(), functionArn, executedVersion: version ?? '$LATEST' }
  }

  const queue = await openQueue({ folder: join(stateDir, 'events'), invoke, settings: (event) => settingsOf(registry, event), retryDelaysMs, clock, log })

  const here = async (ask: Ask): Promise<Answer> => {
    switch (ask.do) {
      case 'adopt':
        if (isDraining()) throw new SwarmError('CLOSED', 'the edge is draining')
        await queue.adopt(ask.event)
        return { letters: [], count: 1 }
      case 'list':
        return { letters: queue.deadLetters().filter(({ name }) => ask.name === null || name === ask.name).map((letter) => shown(letter, place.name)), count: 0 }
      case 'redrive': {
        const ids = ask.id === null ? queue.deadLetters().map(({ id }) => id) : [ask.id]
        let count = 0
        for (const id of ids) if (await queue.redrive(id)) count += 1
        return { letters: [], count }
      }
      case 'discard':
        return { letters: [], count: (await queue.discard(ask.id)) ? 1 : 0 }
    }
  }
  mesh.handle(METHOD, async (frame) => Buffer.from(JSON.stringify(await here(askSchema.parse(JSON.parse(frame.toString()))))))

  const askPeer = async (peer: Peer, ask: Ask): Promise<Answer | null> => {
    try {
      const frame = await peer.request(METHOD, Buffer.from(JSON.stringify(ask)), { timeoutMs: PEER_TIMEOUT_MS })
      return answerSchema.parse(JSON.parse(frame.toString()))
    } catch (error) {
      log.warn('a peer did not answer about events', { peer: peer.name, error: messageOf(error) })
      return null
    }
  }
  const everywhere = async (ask: Ask): Promise<Answer[]> => {
    const answers = await Promise.all([here(ask), ...mesh.peers().map((peer) => askPeer(peer, ask))])
    return answers.filter((answer) => answer !== null)
  }
  const handOver = async (graceMs: number): Promise<void> => {
    const peers = mesh.peers().filter(({ status }) => status?.state !== 'draining')
    if (queue.depth() === 0 || peers.length === 0) return
    const until = clock() + graceMs
    await queue.handOver(async (event) => {
      for (const peer of peers) if (clock() < until && (await askPeer(peer, { do: 'adopt', event })) !== null) return true
      return false
    })
    log.info('waiting events were given to peers', { left: queue.depth() })
  }
  const counted = async (ask: Ask): Promise<number> => (await everywhere(ask)).reduce((sum, { count }) => sum + count, 0)

  return {
    async accept(request, encodedName) {
      const { name, qualifier } = parseReference(decodeURIComponent(encodedName), request.query.get('Qualifier'))
      if (registry.get(name) === null || (qualifier !== null && !isQualifier(registry, name, qualifier))) {
        throw new SwarmError('NOT_FOUND', `Function not found: ${arnsOf(regionOf(request.headers.get('authorization'))).function(name, qualifier)}`)
      }
      const id = randomUUID()
      await queue.accept({ id, name, qualifier, payload: payloadOf(request.body), clientContext: contextOf(request.headers.get('x-amz-client-context')) })
      if (isDraining()) await handOver(PEER_TIMEOUT_MS)
      return { status: 202, headers: ['x-amzn-requestid', id, 'x-swarm-edge', place.name], body: Buffer.alloc(0) }
    },
    enqueue: (event) => queue.accept({ ...event, clientContext: null }),
    lengths: () => ({ waiting: queue.depth(), dead: queue.deadLetters().length }),
    deadLetters: {
      list: async (name) => (await everywhere({ do: 'list', name })).flatMap(({ letters }) => letters),
      redrive: (id) => counted({ do: 'redrive', id }),
      discard: (id) => counted({ do: 'discard', id }),
    },
    async pause(graceMs) {
      await Promise.race([queue.pause(), delay(graceMs, null, { ref: false })])
      await handOver(graceMs)
    },
    resume: () => queue.resume(),
    async leave(graceMs) {
      await Promise.race([queue.stop(), delay(graceMs, null, { ref: false })])
      await handOver(graceMs)
    },
  }
}

/** A version's number, null for `$LATEST`: what the event's qualifier means now. */
function versionOf(registry: Pick<Registry, 'item'>, { name, qualifier }: Pick<QueuedEvent, 'name' | 'qualifier'>): string | null {
  if (qualifier === null || qualifier === '$LATEST' || isVersion(qualifier)) return qualifier === '$LATEST' ? null : qualifier
  const alias = registry.item(qualifiedKey(name, qualifier))?.value as { FunctionVersion: string; RoutingConfig?: { AdditionalVersionWeights: Record<string, number> } } | undefined
  let chance = Math.random()
  for (const [version, weight] of Object.entries(alias?.RoutingConfig?.AdditionalVersionWeights ?? {})) {
    if (chance < weight) return version
    chance -= weight
  }
  const version = alias?.FunctionVersion ?? qualifier
  return version === '$LATEST' ? null : version
}

const isQualifier = (registry: Pick<Registry, 'get' | 'item'>, name: string, qualifier: string): boolean =>
  qualifier === '$LATEST' || (isVersion(qualifier) ? registry.get(qualifiedKey(name, qualifier)) : registry.item(qualifiedKey(name, qualifier))) !== null

/** As PutFunctionEventInvokeConfig wrote them. */
function settingsOf(registry: Pick<Registry, 'item'>, { name, qualifier }: QueuedEvent): Settings {
  const value = (registry.item(attributeKey(name, 'events', qualifier ?? '$LATEST'))?.value ?? {}) as {
    MaximumRetryAttempts?: number
    MaximumEventAgeInSeconds?: number
    DestinationConfig?: { OnSuccess?: { Destination?: string }; OnFailure?: { Destination?: string } }
  }
  return {
    maxRetries: value.MaximumRetryAttempts ?? MAX_RETRIES,
    maxAgeMs: (value.MaximumEventAgeInSeconds ?? MAX_AGE_S) * 1_000,
    onSuccess: destinationOf(value.DestinationConfig?.OnSuccess?.Destination),
    onFailure: destinationOf(value.DestinationConfig?.OnFailure?.Destination),
  }
}

const destinationOf = (arn: string | undefined): Destination | null => (arn ? parseReference(arn) : null)

/** A dead letter as `GET /dead-letters` shows it; times are ISO 8601. */
const shown = ({ attempts, condition, diedAt, id, name, payload, qualifier, receivedAt, response }: DeadLetter, edge: string): Record<string, unknown> => ({
  id,
  function: name,
  qualifier: qualifier ?? '$LATEST',
  edge,
  condition,
  attempts,
  receivedAt: new Date(receivedAt).toISOString(),
  diedAt: new Date(diedAt).toISOString(),
  event: JSON.parse(payload) as unknown,
  response: response === null ? null : (JSON.parse(response) as unknown),
})

function payloadOf(body: Buffer): string {
  if (body.length > LIMITS.asyncEvent.max) throw new SwarmError('TOO_LARGE', `Request must be smaller than ${LIMITS.asyncEvent.max} bytes for the InvokeFunction operation`)
  if (body.length === 0) return '{}'
  const text = body.toString()
  try {
    JSON.parse(text)
  } catch (error) {
    throw new SwarmError('INVALID_REQUEST', `Could not parse request body into json: ${messageOf(error)}`, { cause: error })
  }
  return text
}

function contextOf(header: string | undefined): string | null {
  if (header === undefined) return null
  const text = Buffer.from(header, 'base64').toString()
  try {
    JSON.parse(text)
    return text
  } catch (cause) {
    throw new SwarmError('INVALID_REQUEST', 'X-Amz-Client-Context must be JSON in Base64', { cause })
  }
}
