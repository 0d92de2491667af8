// The course of one invocation that did not end `ok` where it landed (DESIGN §6).
//
// absent, refused, unreachable: never started, so the next edge is asked.
// crashed, timeout, error: the execution failed; one further execution is tried, and the first failure is the answer if that fails too.
import type { Try, TryClass } from '../snapshot.js'
import type { Candidate } from './order.js'

/** `any`: also what failed while it ran; `safe`: only what certainly never started; `never`: no other edge is asked. */
export type Policy = 'any' | 'safe' | 'never'

/** How one try ended; `Outcome` is whatever the caller wants back of it. */
export interface Attempt<Outcome> {
  class: TryClass
  ms: number
  outcome: Outcome
  /** The handler may have run: always for crashed, timeout and error, and when a connection broke after the request was sent. */
  mayHaveStarted: boolean
}

export interface FailOverOptions<Outcome> {
  policy: Policy
  /** The edge where the request landed, and how it ended there. */
  here: { edge: string; attempt: Attempt<Outcome> }
  /** In the order of {@link orderCandidates}. */
  candidates: readonly Candidate[]
  /** When the caller stops waiting, by `clock`; every further try gets what is left. */
  deadlineAt: number
  clock: () => number
  /** Spends from the retry budget, or refuses. */
  mayRetry: () => boolean
  attempt: (candidate: Candidate, remainingMs: number) => Promise<Attempt<Outcome>>
}

export interface FailOverResult<Outcome> {
  /** The edge whose outcome it is. */
  edge: string
  outcome: Outcome
  /** Further tries, after the one here. */
  tries: Try[]
}

/** However many edges there are, a request visits this many besides the one where it landed. */
export const MAX_PEER_TRIES = 3
/** With less left a further try would only add load. */
const LEAST_REMAINING_MS = 5

const EXECUTION_FAILED: ReadonlySet<TryClass> = new Set(['crashed', 'timeout', 'error'])

/** Which of several tries that never started tells the caller most: it should come back, or there is nothing. */
const TELLS: Record<TryClass, number> = { ok: 6, error: 5, timeout: 5, crashed: 5, refused: 3, unreachable: 2, absent: 1 }

/** The caller's header wins over the function's own setting; anything that is no policy is ignored. */
export const parsePolicy = (header: string | null, own: Policy): Policy =>
  header === 'any' || header === 'safe' || header === 'never' ? header : own

/** Asks further edges until one answers, the policy says stop, or the tries, the budget or the time are used up. */
export async function failOver<Outcome>(options: FailOverOptions<Outcome>): Promise<FailOverResult<Outcome>> {
  const { here, candidates, clock, deadlineAt, mayRetry, policy } = options
  const tries: Try[] = []
  let answer = { edge: here.edge, attempt: here.attempt }
  let last = here.attempt

  for (const candidate of candidates.slice(0, MAX_PEER_TRIES)) {
    const remainingMs = deadlineAt - clock()
    if (!mayMoveOn(policy, last) || remainingMs < LEAST_REMAINING_MS) break
    // An edge without the function that sends the request to one that has it routes; anything else is a retry.
    const routes = last.class === 'absent' && candidate.holding === 'has'
    if (!routes && !mayRetry()) break

    last = await options.attempt(candidate, remainingMs)
    tries.push({ edge: candidate.name, class: last.class, ms: last.ms })
    const failedBefore = EXECUTION_FAILED.has(answer.attempt.class)
    if (last.class === 'ok' || TELLS[last.class] > TELLS[answer.attempt.class]) answer = { edge: candidate.name, attempt: last }
    if (last.class === 'ok' || (failedBefore && EXECUTION_FAILED.has(last.class))) break
  }
  return { edge: answer.edge, outcome: answer.attempt.outcome, tries }
}

function mayMoveOn(policy: Policy, last: Attempt<unknown>): boolean {
  if (policy === 'never') return false
  return policy === 'any' || !last.mayHaveStarted
}
