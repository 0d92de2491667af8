// Tells peers which logs there are, and hears it from them.

import { z } from 'zod'

import type { Log } from '../log.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { Fold } from './fold.js'
import type { View } from './view.js'

const TOPIC = 'registry/logs'
/** Logs in one message, and logs altogether: every one costs each connection a channel. */
const MAX_LOGS = 4_096

const logsSchema = z.object({
  logs: z
    .array(z.object({ key: z.string().regex(/^[0-9a-f]{64}$/), length: z.number().int().nonnegative() }))
    .max(MAX_LOGS),
  /** The sender wants ours. */
  ask: z.boolean(),
})

export interface LogsOptions {
  mesh: Pick<Mesh, 'events' | 'broadcast'>
  fold: Fold
  view: () => View
  /** New ones, to be remembered over a restart. */
  onAdded: (keys: readonly string[]) => void
  log: Log
}

export interface Logs extends Disposable {
  /** Folds them from now on, and tells the peers. */
  add(keys: readonly string[]): void
  /** Tells the peers how long a log is. */
  tell(key: string, length: number): void
  /** How long peers say a log is. */
  claimed(key: string): number
  /** Malformed lists that were heard. */
  malformed(): number
}

export const openLogs = ({ fold, log, mesh, onAdded, view }: LogsOptions): Logs => {
  const claimed = new Map<string, number>()
  let malformed = 0
  const known = (): { key: string; length: number }[] =>
    fold
      .logs()
      .slice(0, MAX_LOGS)
      .map((key) => ({ key, length: fold.length(key) }))
  const add = (keys: readonly string[]): void => {
    const fresh = keys.filter((key) => !fold.has(key)).slice(0, Math.max(MAX_LOGS - fold.logs().length, 0))
    if (fresh.length === 0) return
    for (const key of fresh) fold.add(key)
    onAdded(fresh)
    mesh.broadcast(TOPIC, { logs: fresh.map((key) => ({ key, length: 0 })), ask: false })
  }
  const onPeer = (peer: Peer): void => {
    peer.send(TOPIC, { logs: known(), ask: false })
  }
  const onMessage = (peer: Peer, topic: string, payload: unknown): void => {
    if (topic !== TOPIC) return
    const parsed = logsSchema.safeParse(payload)
    if (!parsed.success) {
      malformed += 1
      log.warn('malformed list of logs', { peer: peer.name })
      return
    }
    // A writer whose disk was restored, say, knows neither the end of its log nor that it ended it.
    const ended = parsed.data.logs.flatMap(({ key, length }) => (length > 0 && view().retired(key) > length ? [{ key, length: view().retired(key) }] : []))
    if (ended.length > 0) peer.send(TOPIC, { logs: ended, ask: false })
    // One that is over stays over, unless somebody has more of it than its writer had.
    add(parsed.data.logs.filter(({ key, length }) => view().retired(key) === 0 || length > view().retired(key)).map(({ key }) => key))
    for (const { key, length } of parsed.data.logs) {
      if (fold.has(key)) claimed.set(key, Math.max(length, claimed.get(key) ?? 0))
    }
    if (parsed.data.ask) peer.send(TOPIC, { logs: known(), ask: false })
  }
  mesh.events.on('peer', onPeer)
  mesh.events.on('message', onMessage)
  // Peers from before the registry was open: what they said then nobody heard.
  mesh.broadcast(TOPIC, { logs: known(), ask: true })
  return {
    add,
    tell: (key, length) => {
      mesh.broadcast(TOPIC, { logs: [{ key, length }], ask: false })
    },
    claimed: (key) => claimed.get(key) ?? 0,
    malformed: () => malformed,
    [Symbol.dispose]: () => {
      mesh.events.off('peer', onPeer)
      mesh.events.off('message', onMessage)
    },
  }
}
