// What every step of opening an edge is given.
import { EventEmitter } from 'node:events'
import type { EdgeConfig } from '../../config.js'
import type { Stack } from '../../disposal.js'
import type { Log } from '../../log.js'
import type { Broken } from '../../registry/registry.js'
import type { InvocationEvent } from '../../snapshot.js'
import type { Ending } from '../once.js'
import type { Place } from '../spec.js'

export interface Start {
  config: EdgeConfig
  /** Where this edge is, and what it is called. */
  place: Place
  /** The names that this edge goes by now; a reload may change them. */
  hosts: () => readonly string[]
  log: Log
  /** A line for whoever started the edge. */
  say: (line: string) => void
  /** What is used or deferred here closes with the edge, in reverse. */
  stack: Stack
  /** This edge has to be closed and opened again. */
  broken: (why: Broken) => void
  signals: Signals
}

/** What parts of an edge tell whoever listens, so that they can be opened before those. */
export type Signals = EventEmitter<{
  /** What this edge says of itself changed: the functions loaded, its health, its links. */
  change: []
  /** An invocation moved on, and how it ended. */
  failover: [event: InvocationEvent]
  /** A request with an idempotency key, and what became of it. */
  verdict: [verdict: Ending]
  /** This edge goes for good. */
  leave: []
}>

export function openSignals(): Signals {
  const signals: Signals = new EventEmitter()
  // Every deploy that waits for other edges listens: as many as there are deploys.
  signals.setMaxListeners(0)
  return signals
}
