// What became of requests with an idempotency key, as one of the edges that keep it knows it: begun, or answered. In memory
// and bounded: the oldest go first.
import type { Outcome } from '../native.js'
import type { Try } from '../snapshot.js'

/** An answer as the first caller got it. */
export interface Answer {
  edge: string
  tries: Try[]
  outcome: Outcome
}

export interface Claim {
  /** Function and key. */
  key: string
  /** What the request was: two with one key must be the same. */
  fingerprint: string
  requestId: string
  /** Name of the edge that wants to run it. */
  edge: string
  /** How long it may take. */
  leaseMs: number
  /** Whether it may run again when nobody knows what became of the first try. */
  rerun: boolean
  /** An edge that a proxy saw break off. */
  gone: string | null
}

/** `running`: somebody is at it. `unknown`: somebody was, and is gone. `differs`: the key belongs to another request. */
export type Verdict = { is: 'granted' } | { is: 'running' | 'unknown'; edge: string } | { is: 'differs' } | { is: 'done'; answer: Answer }

export interface Answers {
  /** `runner`: the id of the edge that asks. */
  claim(claim: Claim, runner: string): Verdict
  /** Null: this is the answer from now on. Otherwise another was first, and this is it. */
  finish(key: string, requestId: string, answer: Answer): Answer | null
  /** What is answered, the oldest first: what an edge that joins should know too. */
  answered(): Iterable<{ key: string; fingerprint: string; requestId: string; answer: Answer }>
  /** It never started. */
  release(key: string, requestId: string): void
  /** `answers`: without what still runs, or never ended. */
  stats(): { answers: number; bytes: number; evicted: number }
}

interface Entry {
  fingerprint: string
  requestId: string
  runner: string
  edge: string
  leaseUntil: number
  /** When it is forgotten. */
  until: number
  answer: Answer | null
  bytes: number
}

/** From the answer on. */
export const KEEP_MS = 10 * 60_000
const MAX_BYTES = 64 * 2 ** 20
/** What an entry takes besides its answer. */
const ENTRY_BYTES = 512

/** `isHere`: whether the edge of that id is connected, or is this one. */
export function openAnswers(options: { clock: () => number; isHere: (runner: string) => boolean; maxBytes?: number }): Answers {
  const { clock, isHere, maxBytes = MAX_BYTES } = options
  /** The oldest first. */
  const entries = new Map<string, Entry>()
  let answered = 0
  let bytes = 0
  let evicted = 0

  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (!entry) return
    bytes -= entry.bytes
    if (entry.answer) answered -= 1
    entries.delete(key)
  }
  const put = (key: string, entry: Entry): void => {
    remove(key)
    entries.set(key, entry)
    bytes += entry.bytes
    if (entry.answer) answered += 1
    for (const [oldest, { until }] of entries) {
      const expired = until <= clock()
      if ((!expired && bytes <= maxBytes) || oldest === key) break
      if (!expired) evicted += 1
      remove(oldest)
    }
  }
  const find = (key: string): Entry | null => {
    const entry = entries.get(key)
    if (entry && entry.until > clock()) return entry
    remove(key)
    return null
  }

  return {
    claim({ edge, fingerprint, gone, key, leaseMs, requestId, rerun }, runner) {
      const found = find(key)
      if (found) {
        if (found.fingerprint !== fingerprint) return { is: 'differs' }
        if (found.answer) return { is: 'done', answer: found.answer }
        if (found.requestId !== requestId) {
          const isGone = found.edge === gone || found.leaseUntil <= clock() || !isHere(found.runner)
          if (!isGone) return { is: 'running', edge: found.edge }
          if (!rerun) return { is: 'unknown', edge: found.edge }
        }
      }
      const leaseUntil = clock() + leaseMs
      // To the end: the order of the map is that of age.
      put(key, { fingerprint, requestId, runner, edge, leaseUntil, until: leaseUntil + KEEP_MS, answer: null, bytes: ENTRY_BYTES + 2 * key.length })
      return { is: 'granted' }
    },
    finish(key, requestId, answer) {
      const found = find(key)
      // Null: it was full in between, and forgot the claim.
      if (found === null || found.answer) return found?.answer ?? null
      const size = ENTRY_BYTES + 2 * key.length + answer.outcome.payload.length + answer.outcome.logs.length
      put(key, { ...found, requestId, leaseUntil: 0, until: clock() + KEEP_MS, answer, bytes: size })
      return null
    },
    *answered() {
      for (const [key, { answer, fingerprint, requestId }] of entries) if (answer) yield { key, fingerprint, requestId, answer }
    },
    release(key, requestId) {
      const found = find(key)
      if (found?.answer === null && found.requestId === requestId) remove(key)
    },
    stats: () => ({ answers: answered, bytes, evicted }),
  }
}
