// Trouble on demand, so that a developer sees what the mesh makes of it: links cut or slowed, and an edge that dies.
// On loopback with open control only.
import { z } from 'zod'
import { check } from '../api/schemas.js'
import { SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Impairment } from '../p2p/impair.js'
import type { Mesh } from '../p2p/types.js'

export interface ChaosOptions {
  /** Loopback development, where control calls need no token. */
  allowed: boolean
  mesh: Pick<Mesh, 'id' | 'peers' | 'impair' | 'impairments'>
  /** Ends this process at once. */
  die: () => void
  /** Tells everybody how the links are now. */
  refresh: () => void
  log: Log
}

export interface Chaos {
  readonly allowed: boolean
  /** `FORBIDDEN` beyond development, `INVALID_PARAMETER`, or `NOT_FOUND` for a peer nobody knows. */
  perform(body: unknown): { done: string }
}

const MAX_DELAY_MS = 2_000
/** So that the answer leaves before the process ends. */
const LAST_WORD_MS = 50

const peer = z.string('must be the id of a peer').regex(/^[0-9a-f]{64}$/, 'must be the id of a peer, 64 hexadecimal digits')
const actionSchema = z.discriminatedUnion(
  'action',
  [
    z.strictObject({ action: z.literal('stop') }),
    z.strictObject({ action: z.literal('cut'), peer }),
    z.strictObject({ action: z.literal('slow'), peer, delayMs: z.number('must be milliseconds').min(1, 'at least 1').max(MAX_DELAY_MS, `at most ${MAX_DELAY_MS}`), distance: z.boolean('must be true or false').default(false) }),
    z.strictObject({ action: z.literal('mend'), peer }),
  ],
  'must be stop, cut, slow or mend',
)

export function openChaos({ allowed, die, log, mesh, refresh }: ChaosOptions): Chaos {
  /** What a mended link goes back to, by peer: milliseconds. */
  const distances = new Map<string, number>()
  const impairmentOf = (asked: Exclude<z.infer<typeof actionSchema>, { action: 'stop' }>): Impairment | null => {
    if (asked.action === 'slow' && asked.distance) distances.set(asked.peer, asked.delayMs)
    const distanceMs = distances.get(asked.peer) ?? 0
    if (asked.action === 'cut') return { cut: true, delayMs: 0, distance: false }
    if (asked.action === 'slow' && !asked.distance) return { cut: false, delayMs: distanceMs + asked.delayMs, distance: false }
    return distanceMs > 0 ? { cut: false, delayMs: distanceMs, distance: true } : null
  }

  return {
    allowed,
    perform(body) {
      if (!allowed) throw new SwarmError('FORBIDDEN', 'chaos is for development: this edge is not on loopback with open control')
      const asked = check(actionSchema, body)
      if (asked.action === 'stop') {
        log.warn('stopped on demand')
        setTimeout(die, LAST_WORD_MS)
        return { done: 'stop' }
      }
      const isKnown = mesh.peers().some(({ id }) => id === asked.peer) || mesh.impairments().has(asked.peer)
      if (!isKnown) throw new SwarmError('NOT_FOUND', `no peer ${asked.peer} is connected`)
      const impairment = impairmentOf(asked)
      log[impairment === null || impairment.distance ? 'info' : 'warn']('link changed on demand', { ...asked })
      mesh.impair(asked.peer, impairment)
      refresh()
      return { done: asked.action }
    },
  }
}
