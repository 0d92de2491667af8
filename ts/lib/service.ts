// What systemd is told of an edge that it started as Type=notify: ready, alive, going (sd_notify(3)).
import { messageOf } from './errors.js'
import type { Log } from './log.js'

export interface ServiceOptions {
  /** NOTIFY_SOCKET; null: nobody asked, and nothing is said. */
  socket: string | null
  /** WATCHDOG_USEC: how long it may be silent before it counts as hung; null: as long as it likes. */
  watchdogUs: number | null
  /** Sends a state to the socket. */
  notify: (socket: string, state: string) => void
  log: Log
}

const US_PER_MS = 1_000
/** Two may be late or lost. */
const CALLS_PER_WATCHDOG = 3

/** Says that it is ready, and from then on that it lives; when it is disposed of, that it stops. */
export function openService({ log, notify, socket, watchdogUs }: ServiceOptions): Disposable {
  const say = (state: string): void => {
    if (socket === null) return
    try {
      notify(socket, state)
    } catch (error) {
      log.warn('the service manager was not told', { state, reason: messageOf(error) })
    }
  }
  say(`READY=1\nMAINPID=${process.pid}`)
  // The timer runs on the thread that answers peers and control calls: when that hangs, the edge is restarted.
  const timer = socket === null || watchdogUs === null ? null : setInterval(() => say('WATCHDOG=1'), watchdogUs / US_PER_MS / CALLS_PER_WATCHDOG)
  return {
    [Symbol.dispose]() {
      if (timer !== null) clearInterval(timer)
      say('STOPPING=1')
    },
  }
}
