// Whether this edge takes new work: serving, draining until it is told to serve again, or stopping for good.
// An edge that drains still answers what arrives; proxies and peers see it and go elsewhere, its queue goes to them.
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../log.js'
import type { Engine } from '../native.js'
import type { EventInvocations } from './event-invocations.js'
import type { Health } from './health.js'

export interface DrainOptions {
  engine: Pick<Engine, 'close'>
  health: Health
  events: Pick<EventInvocations, 'pause' | 'resume' | 'leave'>
  log: Log
}

export interface Drain {
  /** Everything the registry knew is loaded: requests are welcome. */
  open(): void
  /** Resolves when the queue is handed over. */
  drain(): Promise<void>
  undrain(): Promise<void>
  /** Refuses new work, finishes what runs, hands the queue over: within {@link STOP_MS}. `busy`: invocations arrived lately. */
  stop(busy: boolean): Promise<void>
}

/** From the word to stop until the gateway is closed; the mesh closes after it, and all that takes less than 5 s. */
const STOP_MS = 4_000
/** Queued events that run may end within this; the rest of the time is for those over HTTP. */
const EVENTS_MS = 1_500
/** Of a drain: there is no hurry. */
const DRAIN_EVENTS_MS = 30_000
/** Long enough for a proxy that checks every half second to send its requests elsewhere. */
const NOTICE_MS = 1_200

export function openDrain({ engine, events, health, log }: DrainOptions): Drain {
  const { become, state } = health

  return {
    open: () => {
      if (state() === 'starting') become('ok')
    },
    async drain() {
      if (state() === 'stopping') return
      if (state() !== 'draining') log.info('draining: new requests go elsewhere')
      become('draining')
      await events.pause(DRAIN_EVENTS_MS)
    },
    async undrain() {
      if (state() !== 'draining') return
      log.info('serving again')
      become('ok')
      events.resume()
    },
    async stop(busy) {
      const until = performance.now() + STOP_MS
      become('stopping')
      await Promise.all([busy ? delay(NOTICE_MS) : null, events.leave(EVENTS_MS)])
      await engine.close(Math.max(500, Math.round(until - performance.now())))
    },
  }
}
