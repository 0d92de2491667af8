// Who is dialled, where and when. Of two edges that hear each other the one with the lower public key dials, so that
// they don't meet twice; on the topic, where only the later of two finds the other, whoever finds dials. Every find
// ends here; the loop never gives up on a peer that once was one.

import type { Address } from 'hyperdht'
import type { SecretStream } from '@hyperswarm/secret-stream'

import type { Log } from '../log.js'

const LOOP_EVERY_MS = 250
/** A peer with an address answers within a round trip or two, or not at all. */
const DIRECT_WITHIN_MS = 2_500
/** Looking up and hole punching take their time. */
const LOOKUP_WITHIN_MS = 15_000
/** A try lasts 2.5 s: when a partition heals unheard, the next one begins within 3.5 s. */
const BACKOFF_MS = [250, 500, 1_000] as const
/** After this many failures in a row, half an hour, the tries become rare: the peer may never come back. */
const PATIENT_AFTER = 500
const PATIENT_MS = 10_000
/** Otherwise, and for whoever was heard just now. */
const AGAIN_MS = 1_000
/** Hellos come each second: one after this much silence says that a network is back. */
const SILENT_FOR_MS = 2_500
/** A try of this age may have lost all that it sent to a network that was away. */
const STALE_MS = 500
/** It proved nothing: a stranger on our topic. */
const STRANGER_MS = 60_000
/** After this many failures in a row nobody is there. */
const GONE_AFTER = 3
const MAX_CANDIDATES = 1_024
const MAX_ADDRESSES = 4
const MAX_PAST = 32

export interface Find {
  publicKey: Buffer
  /** Null where the source doesn't know it. */
  incarnation: string | null
  addresses: readonly Address[]
  /** Found on the topic only: it has to be looked up, its addresses are relays. */
  lookup?: boolean
}

interface Candidate {
  publicKey: Buffer
  incarnation: string | null
  /** Incarnations that are over: a hello with one of them is late, or replayed. */
  past: string[]
  /** The newest first. */
  addresses: Address[]
  lookup: boolean
  /** When its last hello came. */
  heardAt: number
  attempt: SecretStream | null
  attemptedAt: number
  /** Infinity: it is open, and proves itself. */
  attemptUntil: number
  failures: number
  notBefore: number
}

export interface DialerOptions {
  ownKey: Buffer
  dial: (publicKey: Buffer, addresses: readonly Address[]) => SecretStream
  /** The incarnation this peer is connected with now, or null. */
  connected: (id: string) => string | null
  /** Never dialled. */
  excluded: (id: string) => boolean
  onOpen: (stream: SecretStream) => void
  log: Log
}

export interface Dialer extends Disposable {
  /** Whether it is for us to dial this peer when both hear each other. */
  dials(publicKey: Buffer): boolean
  found(find: Find): void
  /** The peer proved itself: it is worth dialling for ever. */
  proved(id: string): void
  /** Its connection is gone: dial again at once. */
  lost(id: string): void
  /** Whoever answers there is no peer. */
  rejected(id: string): void
  /** Never dialled again, unless it is found again. */
  forget(id: string): void
}

export const openDialer = (options: DialerOptions): Dialer => {
  const candidates = new Map<string, Candidate>()
  const proven = new Set<string>()

  const isUp = (id: string, candidate: Candidate): boolean => {
    const incarnation = options.connected(id)
    return incarnation !== null && (candidate.incarnation === null || candidate.incarnation === incarnation)
  }
  const fail = (candidate: Candidate, now: number): void => {
    candidate.failures += 1
    const wait = candidate.failures > PATIENT_AFTER ? PATIENT_MS : (BACKOFF_MS[candidate.failures - 1] ?? AGAIN_MS)
    candidate.notBefore = Math.max(candidate.notBefore, now + wait)
  }
  const attempt = (id: string, candidate: Candidate): void => {
    // The node tries the first address only: after a failure it is another one's turn.
    const turn = candidate.failures % Math.max(candidate.addresses.length, 1)
    const addresses = [...candidate.addresses.slice(turn), ...candidate.addresses.slice(0, turn)]
    const stream = options.dial(candidate.publicKey, addresses)
    candidate.attempt = stream
    candidate.attemptedAt = Date.now()
    candidate.attemptUntil = candidate.attemptedAt + (candidate.lookup ? LOOKUP_WITHIN_MS : DIRECT_WITHIN_MS)
    stream.on('error', (error: Error) => {
      if (candidate.attempt === stream) options.log.debug('dial', { id, reason: error.message })
    })
    stream.once('close', () => {
      if (candidate.attempt !== stream) return
      candidate.attempt = null
      fail(candidate, Date.now())
    })
    stream.once('open', () => {
      // It goes on until the peer has proved itself, or failed to.
      candidate.attemptUntil = Infinity
      options.onOpen(stream)
    })
  }
  /** Ends the try that is under way without counting it. */
  const drop = (candidate: Candidate): void => {
    const stale = candidate.attempt
    candidate.attempt = null
    stale?.destroy()
  }
  /** It was heard of again: the next try begins now. */
  const hurry = (candidate: Candidate, now: number): void => {
    candidate.notBefore = 0
    if (candidate.attemptUntil !== Infinity && now - candidate.attemptedAt > STALE_MS) drop(candidate)
  }
  const visit = (id: string, candidate: Candidate): void => {
    const now = Date.now()
    if (candidate.attempt !== null) {
      // The close event counts the failure.
      if (now > candidate.attemptUntil) candidate.attempt.destroy()
      return
    }
    if (now >= candidate.notBefore && !isUp(id, candidate)) attempt(id, candidate)
  }
  const timer = setInterval(() => {
    for (const [id, candidate] of candidates) visit(id, candidate)
  }, LOOP_EVERY_MS)

  const make = (id: string, find: Find): Candidate => {
    if (candidates.size >= MAX_CANDIDATES) {
      const stranger = [...candidates].find(([other]) => !proven.has(other) && options.connected(other) === null)
      if (stranger !== undefined) {
        candidates.delete(stranger[0])
        stranger[1].attempt?.destroy()
      }
    }
    const candidate: Candidate = {
      publicKey: Buffer.from(find.publicKey),
      incarnation: null,
      past: [],
      addresses: [],
      lookup: find.lookup === true,
      heardAt: -Infinity,
      attempt: null,
      attemptedAt: 0,
      attemptUntil: 0,
      failures: 0,
      notBefore: 0,
    }
    candidates.set(id, candidate)
    return candidate
  }

  return {
    dials: (publicKey) => Buffer.compare(options.ownKey, publicKey) < 0,
    found: (find) => {
      const order = Buffer.compare(options.ownKey, find.publicKey)
      if (order === 0 || (order > 0 && find.lookup !== true)) return
      const id = find.publicKey.toString('hex')
      if (options.excluded(id)) return
      const candidate = candidates.get(id) ?? make(id, find)
      if (find.incarnation !== null && candidate.past.includes(find.incarnation)) {
        // Unless the one that came after it, a twin from a copied state directory, is gone.
        if (options.connected(id) !== null || candidate.failures < GONE_AFTER) return
        candidate.past = candidate.past.filter((past) => past !== find.incarnation)
      }
      const now = Date.now()
      // By itself, or a peer just met it.
      const isBack = find.incarnation === null ? find.lookup !== true : now - candidate.heardAt > SILENT_FOR_MS
      if (find.incarnation !== null) candidate.heardAt = now
      const restarted = find.incarnation !== null && candidate.incarnation !== find.incarnation
      if (find.lookup !== true) candidate.lookup = false
      if (find.lookup !== true || candidate.lookup) {
        // Where an earlier incarnation was, nobody is.
        const older = restarted ? [] : candidate.addresses
        const others = older.filter((known) => !find.addresses.some((address) => sameAddress(known, address)))
        candidate.addresses = [...find.addresses, ...others].slice(0, MAX_ADDRESSES)
      }
      if (restarted) {
        if (candidate.incarnation !== null) {
          candidate.past = [candidate.incarnation, ...candidate.past].slice(0, MAX_PAST)
        }
        candidate.incarnation = find.incarnation
        // Don't wait for a try of the earlier one to end, nor for the next turn.
        drop(candidate)
        candidate.failures = 0
        candidate.notBefore = 0
      } else if (isBack) {
        hurry(candidate, now)
      } else if (find.incarnation !== null && candidate.failures > PATIENT_AFTER) {
        candidate.notBefore = Math.min(candidate.notBefore, now + AGAIN_MS)
      }
      visit(id, candidate)
    },
    proved: (id) => {
      proven.add(id)
      const candidate = candidates.get(id)
      if (candidate === undefined) return
      candidate.failures = 0
      candidate.attempt = null
    },
    lost: (id) => {
      const candidate = candidates.get(id)
      if (candidate !== undefined) candidate.notBefore = 0
    },
    rejected: (id) => {
      const candidate = candidates.get(id)
      if (candidate !== undefined && !proven.has(id)) candidate.notBefore = Date.now() + STRANGER_MS
    },
    forget: (id) => {
      const candidate = candidates.get(id)
      candidates.delete(id)
      proven.delete(id)
      candidate?.attempt?.destroy()
    },
    [Symbol.dispose]: () => {
      clearInterval(timer)
      for (const candidate of candidates.values()) candidate.attempt?.destroy()
      candidates.clear()
    },
  }
}

const sameAddress = (a: Address, b: Address): boolean => a.host === b.host && a.port === b.port
