// Whether a connection lives, and how far away its other end is. Pure: the caller brings the time and the byte counts.

/** How often {@link Liveness.tick} wants to be called. */
export const TICK_MS = 250
const PING_EVERY_MS = 1_000
/** A peer is known dead within 3 s: two pings unanswered, and a tick to notice and one to tell. */
export const SILENT_FOR_MS = 2_500
/**
 * Time that passed in one step longer than this was our own (a stopped process, a blocked loop): the peer isn't
 * blamed.
 */
const MAX_STEP_MS = 2 * TICK_MS
const RTT_WEIGHT = 0.25

export interface Liveness {
  /** `dead`, or the number of a ping to send now, or null. `bytesRead` counts everything that came in. */
  tick(now: number, bytesRead: number): 'dead' | number | null
  /** The pong to ping `number` came. */
  answered(number: number, now: number): void
  /** Smoothed; null before the first pong. */
  rttMs(): number | null
}

export const createLiveness = (start: number): Liveness => {
  let lastTick = start
  let lastBytes = -1
  let silentMs = 0
  let ping = { number: 0, sentAt: -Infinity, answered: true }
  let rtt: number | null = null

  return {
    tick: (now, bytesRead) => {
      // Any byte is a sign of life: a pong may wait behind eight megabytes of blob.
      silentMs = bytesRead === lastBytes ? silentMs + Math.min(now - lastTick, MAX_STEP_MS) : 0
      lastBytes = bytesRead
      lastTick = now
      if (silentMs >= SILENT_FOR_MS) return 'dead'
      if (now - ping.sentAt < PING_EVERY_MS) return null
      ping = { number: ping.number + 1, sentAt: now, answered: false }
      return ping.number
    },
    answered: (number, now) => {
      if (number !== ping.number || ping.answered) return
      ping.answered = true
      const sample = now - ping.sentAt
      rtt = rtt === null ? sample : rtt + (sample - rtt) * RTT_WEIGHT
    },
    rttMs: () => rtt,
  }
}
