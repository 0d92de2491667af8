// What time it is, as most of the mesh sees it. A board without a battery wakes up years behind, and one with a wrong
// clock must not be believed by itself.

import type { Log } from '../log.js'

/** Clocks that agree as well as that are left alone: NTP does better, and records order themselves (registry/clock.ts). */
const TOLERATED_MS = 30_000

export interface PeerClocks {
  /** The peer said what time it has, `travelledMs` ago. */
  heard(peer: string, theirMs: number, travelledMs: number): void
  forget(peer: string): void
  /** To be added to our clock; 0 while most agree with us, or nobody is there to ask. */
  offsetMs(): number
  /** Whether some peer has the time that we have, with the offset. */
  isConfirmed(): boolean
}

/** `steady` in milliseconds too: it never jumps, and says nothing of the time. */
export const openPeerClocks = (clock: () => number, log: Log, steady: () => number = () => performance.now()): PeerClocks => {
  const offsets = new Map<string, number>()
  let offset = 0
  let apart = clock() - steady()

  /** The middle of all, ourselves included; of two in the middle, the one nearer to our own. */
  const median = (): number => {
    const sorted = [0, ...offsets.values()].sort((a, b) => a - b)
    const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]]
    const middle = Math.abs(low) < Math.abs(high) ? low : high
    return Math.abs(middle) < TOLERATED_MS ? 0 : Math.round(middle)
  }
  const update = (): void => {
    const next = median()
    if (Math.abs(next - offset) >= TOLERATED_MS || (next === 0 && offset !== 0)) {
      if (next === 0) log.info('the clock of this edge agrees with most of its peers again')
      else log.error('the clock of this edge is wrong, if most of its peers are right: their time is used', { offsetMs: next })
    }
    offset = next
  }
  /** When our clock is set while we run, the peers' are as far from it as before, the other way: until they say so nothing else is known. */
  const noticeJump = (): void => {
    const jump = clock() - steady() - apart
    if (Math.abs(jump) < TOLERATED_MS) return
    apart += jump
    for (const [peer, theirs] of offsets) offsets.set(peer, theirs - jump)
    update()
  }
  return {
    heard: (peer, theirMs, travelledMs) => {
      noticeJump()
      offsets.set(peer, theirMs + travelledMs - clock())
      update()
    },
    forget: (peer) => {
      offsets.delete(peer)
      update()
    },
    offsetMs: () => {
      noticeJump()
      return offset
    },
    isConfirmed: () => [...offsets.values()].some((each) => Math.abs(each - offset) < TOLERATED_MS),
  }
}
