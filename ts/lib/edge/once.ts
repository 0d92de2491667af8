// Requests with an `Idempotency-Key`: whichever edges they reach, they run once, and every one gets the answer of the first
// for ten minutes.
//
// Each key has homes: the edges that come first in an order of all edges which follows from the key. The edge that got the
// request claims the key at the first home, then at the others, runs it when all of those agree, and tells them the answer
// before it tells the caller. So an answer outlives any edge but its homes all at once, and edges that come and go while a
// request runs still share a home that knows of it. Between two sides of a partition nobody can know: docs/reliability.md.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'
import type { MissResponse } from '../native.js'
import type { Mesh } from '../p2p/types.js'
import type { TryClass } from '../snapshot.js'
import { openAnswers, type Answer, type Answers, type Claim, type Verdict } from './answers.js'
import { decode, encode, outcomeHeader } from './frames.js'

/** What became of a request with a key. */
export type Ending = 'first' | 'replayed' | 'running' | 'unknown' | 'differs'

export interface OnceOptions {
  name: string
  mesh: Pick<Mesh, 'id' | 'peers' | 'handle' | 'events'>
  clock: () => number
  /** What became of requests with a key. */
  onVerdict: (verdict: Ending) => void
  log: Log
}

export interface Request {
  function: string
  key: string
  fingerprint: string
  requestId: string
  leaseMs: number
  /** Whether it may run again when nobody knows what became of the first try. */
  rerun: boolean
  /** The edge that broke off, by the word of a proxy. */
  repeats: string | null
}

export interface Once extends AsyncDisposable {
  /** Runs the request unless that was done, or is being done, already. */
  run(request: Request, execute: () => Promise<MissResponse>): Promise<MissResponse>
  stats: Answers['stats']
}

const METHOD = 'once'
const HOMES = 3
const HOME_TIMEOUT_MS = 1_000
/** Beyond the round trip: when most homes have answered, nobody waits longer for the others, which may have died just now. */
const PATIENCE_MS = 150
/** Answers that an edge which came is told at the same time. */
const TOLD_AT_ONCE = 32
/** Nothing ran, so the next one may try. */
const NEVER_STARTED: ReadonlySet<TryClass> = new Set(['absent', 'refused'])

const anyClass = z.enum(['ok', 'absent', 'refused', 'unreachable', 'crashed', 'timeout', 'error'])
const tryHeader = z.object({ edge: z.string().max(128), class: anyClass, ms: z.number() })
const answerHeader = outcomeHeader.extend({ class: anyClass, edge: z.string().max(128), tries: z.array(tryHeader).max(16) })
const key = z.string().max(512)
const askHeader = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('claim'),
    claim: z.object({ key, fingerprint: z.string().max(128), requestId: z.string().max(128), edge: z.string().max(128), leaseMs: z.number().nonnegative(), rerun: z.boolean(), gone: z.string().max(128).nullable() }),
  }),
  z.object({ do: z.literal('finish'), key, requestId: z.string().max(128), answer: answerHeader }),
  z.object({ do: z.literal('release'), key, requestId: z.string().max(128) }),
])
const verdictHeader = z.discriminatedUnion('is', [
  z.object({ is: z.literal('granted') }),
  z.object({ is: z.enum(['running', 'unknown']), edge: z.string().max(128) }),
  z.object({ is: z.literal('differs') }),
  z.object({ is: z.literal('done'), answer: answerHeader }),
])

/** An edge that keeps the key; null answers: it could not be asked. */
interface Home {
  /** How long its answer usually takes at most. */
  patienceMs: number
  claim(claim: Claim): Promise<Verdict | null>
  finish(key: string, requestId: string, answer: Answer): Promise<Answer | null>
  release(key: string, requestId: string): Promise<void>
}

export function openOnce({ clock, log, mesh, name, onVerdict }: OnceOptions): Once {
  const answers = openAnswers({ clock, isHere: (runner) => runner === mesh.id || mesh.peers().some(({ id }) => id === runner) })

  mesh.handle(METHOD, async (frame, { peer }) => {
    const { header, body } = decode(askHeader, frame)
    switch (header.do) {
      case 'claim':
        return Promise.resolve(encodeVerdict(answers.claim(header.claim, peer.id)))
      case 'finish':
        return Promise.resolve(encodeVerdict(verdictOf(answers.finish(header.key, header.requestId, answerOf(header.answer, body)))))
      case 'release':
        answers.release(header.key, header.requestId)
        return Promise.resolve(encodeVerdict({ is: 'granted' }))
    }
  })

  const here: Home = {
    patienceMs: 0,
    claim: (claim) => Promise.resolve(answers.claim(claim, mesh.id)),
    finish: (...finished) => Promise.resolve(answers.finish(...finished)),
    release: (...released) => Promise.resolve(answers.release(...released)),
  }
  const at = (peer: ReturnType<Mesh['peers']>[number]): Home => {
    const ask = async (header: z.infer<typeof askHeader>, ...body: Buffer[]): Promise<Verdict | null> => {
      try {
        return decodeVerdict(await peer.request(METHOD, encode(askHeader, header, ...body), { timeoutMs: HOME_TIMEOUT_MS }))
      } catch (error) {
        log.debug('a peer did not answer about a key', { peer: peer.name, error: messageOf(error) })
        return null
      }
    }
    return {
      patienceMs: Math.min(HOME_TIMEOUT_MS, PATIENCE_MS + 3 * (peer.rttMs ?? 0)),
      claim: (claim) => ask({ do: 'claim', claim }),
      async finish(finished, requestId, answer) {
        const { logs, payload } = answer.outcome
        const verdict = await ask({ do: 'finish', key: finished, requestId, answer: headerOf(answer) }, logs, payload)
        return verdict?.is === 'done' ? verdict.answer : null
      },
      async release(released, requestId) {
        await ask({ do: 'release', key: released, requestId })
      },
    }
  }
  /** All edges, the homes first. */
  const rankedFor = (of: string): { id: string; home: () => Home }[] => {
    const all = [{ id: mesh.id, home: () => here, draining: false }, ...mesh.peers().map((peer) => ({ id: peer.id, home: () => at(peer), draining: peer.status?.state === 'draining' }))]
    const ranked = all.map((edge) => ({ ...edge, rank: rankOf(of, edge.id) }))
    return ranked.sort((a, b) => Number(a.draining) - Number(b.draining) || (a.rank < b.rank ? -1 : 1))
  }
  const orderOf = (of: string): Home[] => rankedFor(of).map(({ home }) => home())

  /** Tells an edge that came (again) the answers of which it is a home, or a restart of each edge in turn would lose them all. */
  const welcome = async (peer: ReturnType<Mesh['peers']>[number]): Promise<void> => {
    // The oldest first, as they are kept there.
    const untold = [...answers.answered()].values()
    const tell = async (): Promise<void> => {
      for (const { answer, fingerprint, key: of, requestId } of untold) {
        if (closed || !mesh.peers().includes(peer)) return
        const homes = rankedFor(of).slice(0, HOMES).map(({ id }) => id)
        // Each home asks, as another may be new itself; the answer is sent once.
        if (!homes.includes(peer.id) || !homes.includes(mesh.id)) continue
        const home = at(peer)
        const granted = await home.claim({ key: of, fingerprint, requestId, edge: answer.edge, leaseMs: HOME_TIMEOUT_MS, rerun: false, gone: null })
        if (granted?.is === 'granted') await home.finish(of, requestId, answer)
      }
    }
    await Promise.all(Array.from({ length: TOLD_AT_ONCE }, tell))
  }
  const welcomes = new Set<Promise<void>>()
  let closed = false
  /** Its first status says that it is ready to listen. */
  const welcomed = new WeakSet<object>()
  const onStatus = (peer: ReturnType<Mesh['peers']>[number]): void => {
    if (welcomed.has(peer)) return
    welcomed.add(peer)
    const work = welcome(peer).finally(() => welcomes.delete(work))
    welcomes.add(work)
  }
  mesh.events.on('status', onStatus)

  /**
   * The homes that agreed, those that did not say so in time, and the verdict: of the first that did not agree, if there is one.
   * Two requests that run have most homes each, so they have one in common: who goes on without a slow one takes no risk.
   */
  const claimAll = async (claim: Claim): Promise<{ homes: Home[]; slow: Asked[]; verdict: Verdict }> => {
    const order = orderOf(claim.key)
    const needed = mostOf(Math.min(HOMES, order.length))
    const asked: Asked[] = []
    const lost: Asked[] = []
    const ask = (home: Home): Promise<Verdict | null> => {
      const claimed = home.claim(claim)
      asked.push({ home, claimed })
      return claimed
    }
    // One after another until one agrees, so that of two edges that ask at the same time only one is first.
    for (let home = order.shift(); home; home = order.shift()) {
      const claimed = ask(home)
      const verdict = asked.length === 1 && order.length >= needed ? await soon(claimed, home.patienceMs) : await claimed
      if (verdict?.is === 'granted') break
      if (verdict) return { homes: [], slow: [...lost, ...asked.slice(0, -1)], verdict }
      if (verdict === null) lost.push(...asked.splice(-1))
    }
    for (const home of order.slice(0, HOMES - asked.length)) void ask(home)
    const verdicts = await most(asked.map(({ claimed }) => claimed), needed, longest(asked.map(({ home }) => home)), (verdict) => verdict?.is === 'granted')
    return {
      homes: asked.filter((_, at) => verdicts[at]?.is === 'granted').map(({ home }) => home),
      slow: [...lost, ...asked.filter((_, at) => !verdicts[at])],
      verdict: verdicts.find((verdict) => verdict && verdict.is !== 'granted') ?? { is: 'granted' },
    }
  }

  return {
    stats: () => answers.stats(),
    async [Symbol.asyncDispose]() {
      closed = true
      mesh.events.off('status', onStatus)
      await Promise.all(welcomes)
    },
    async run(request, execute) {
      const of = `${request.function}\n${request.key}`
      const { requestId } = request
      const { homes, slow, verdict } = await claimAll({
        key: of,
        fingerprint: request.fingerprint,
        requestId,
        edge: name,
        leaseMs: request.leaseMs,
        rerun: request.rerun,
        gone: request.repeats,
      })
      /** All who agreed, and in time those who do so late, or did and could not say so. */
      const tell = async <T>(what: (home: Home) => Promise<T>): Promise<(T | undefined)[]> => {
        for (const { claimed, home } of slow) void claimed.then((late) => (late === null || late.is === 'granted' ? what(home) : null))
        return await most(homes.map(what), mostOf(homes.length + slow.length), longest(homes))
      }
      if (verdict.is === 'done') {
        // What an edge that joined in between does not know yet.
        await tell((home) => home.finish(of, requestId, verdict.answer))
        onVerdict('replayed')
        return replay(verdict.answer)
      }
      const release = async (): Promise<void> => void (await tell((home) => home.release(of, requestId)))
      if (verdict.is !== 'granted') {
        await release()
        onVerdict(verdict.is)
        return refuse(name, verdict)
      }
      const response = await execute().catch(async (error: unknown) => {
        await release()
        throw error
      })
      const { edge, outcome, tries } = response
      if (outcome === null || !hasRun(response) || (request.rerun && outcome.class === 'unreachable')) {
        await release()
        return response
      }
      const others = await tell((home) => home.finish(of, requestId, { edge, tries, outcome }))
      // Somebody took it over, because this edge seemed gone, and was first.
      const first = others.find((answer) => answer)
      onVerdict(first ? 'replayed' : 'first')
      return first ? replay(first) : response
    },
  }
}

interface Asked {
  home: Home
  claimed: Promise<Verdict | null>
}

const mostOf = (count: number): number => Math.floor(count / 2) + 1

const longest = (homes: Home[]): number => Math.max(0, ...homes.map(({ patienceMs }) => patienceMs))

/** Undefined: it takes longer than so many milliseconds. */
async function soon<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const [value] = await most([work], 0, ms)
  return value
}

/** What they come to, undefined for those that take longer: than so many milliseconds after `needed` of those that count. */
async function most<T>(works: Promise<T>[], needed: number, ms: number, counts: (value: T) => boolean = () => true): Promise<(T | undefined)[]> {
  const came = works.map((): T | undefined => undefined)
  let missing = needed
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (missing <= 0) timer ??= setTimeout(resolve, ms)
    }
    look()
    const each = async (work: Promise<T>, at: number): Promise<void> => {
      const value = await work
      came[at] = value
      if (counts(value)) missing -= 1
      look()
    }
    Promise.all(works.map(each)).then(() => resolve(), reject)
  })
  clearTimeout(timer)
  return [...came]
}

/** Whether an execution may have begun: then this is the answer for all who ask. */
const hasRun = ({ tries }: MissResponse): boolean => tries.some((one) => !NEVER_STARTED.has(one.class))

const replay = ({ edge, outcome, tries }: Answer): MissResponse => ({ edge, tries, outcome, refusal: null, replayed: true })

function refuse(name: string, verdict: Extract<Verdict, { is: 'running' | 'unknown' | 'differs' }>): MissResponse {
  const refusal = {
    running: { status: 409, kind: 'ResourceConflictException', message: 'edge' in verdict ? `The first request with this Idempotency-Key is still being executed on ${verdict.edge}` : '' },
    unknown: { status: 409, kind: 'ResourceConflictException', message: 'edge' in verdict ? `${verdict.edge} had the first request with this Idempotency-Key and is gone: nobody knows whether it ran, and the function must not run twice` : '' },
    differs: { status: 422, kind: 'InvalidParameterValueException', message: 'This Idempotency-Key was used with another request' },
  }[verdict.is]
  return { edge: name, tries: [], outcome: null, refusal, replayed: false }
}

/** The order of edges for a key: rendezvous hashing, so that an edge that comes or goes moves only its own keys. */
const rankOf = (of: string, id: string): string => createHash('sha256').update(`${id}\n${of}`).digest('hex')

const verdictOf = (other: Answer | null): Verdict => (other ? { is: 'done', answer: other } : { is: 'granted' })

const headerOf = ({ edge, outcome: { class: kind, logs, memoryMb, ms }, tries }: Answer): z.infer<typeof answerHeader> => ({ edge, tries, class: kind, ms, memoryMb, logs: logs.length })

function encodeVerdict(verdict: Verdict): Buffer {
  if (verdict.is !== 'done') return encode(verdictHeader, verdict)
  const { logs, payload } = verdict.answer.outcome
  return encode(verdictHeader, { is: 'done', answer: headerOf(verdict.answer) }, logs, payload)
}

function decodeVerdict(frame: Buffer): Verdict {
  const { header, body } = decode(verdictHeader, frame)
  return header.is === 'done' ? { is: 'done', answer: answerOf(header.answer, body) } : header
}

const answerOf = ({ edge, logs, tries, ...outcome }: z.infer<typeof answerHeader>, body: Buffer): Answer => ({
  edge,
  tries,
  outcome: { ...outcome, logs: body.subarray(0, logs), payload: body.subarray(logs) },
})
