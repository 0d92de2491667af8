// What an edge tells its peers about itself, about once a second.

import { z } from 'zod'

/** Functions named in one status; an edge with more names the ones it knows first. */
export const MAX_LOADED = 2_000
/** Links named in one status, likewise. */
export const MAX_LINKS = 256

const label = z.string().max(128)
const amount = z.number().nonnegative()

// Unknown fields are kept: a newer edge may say more.
export const peerStatusSchema = z.looseObject({
  name: label,
  region: label,
  /** Where its HTTP gateway listens. */
  url: z.string().max(256),
  version: label,
  arch: label,
  /** Milliseconds since the epoch, by its clock. */
  startedAt: amount,
  /** What time it is there, milliseconds since the epoch; written by the mesh. */
  clockMs: z.number().optional(),
  state: z.enum(['up', 'draining']),
  requestsPerSecond: amount,
  failuresPerSecond: amount,
  inFlight: amount,
  p50Ms: amount.nullish(),
  p99Ms: amount.nullish(),
  registrySeq: amount,
  /** How many functions it has loaded. */
  functions: amount,
  /** Function name → revision id. */
  loaded: z
    .record(z.string().max(256), z.string().max(128))
    .refine((loaded) => Object.keys(loaded).length <= MAX_LOADED, `at most ${String(MAX_LOADED)} functions`),
  links: z
    .array(
      z.looseObject({
        to: z.string().max(64),
        rttMs: amount.nullable(),
        kind: z.enum(['loopback', 'lan', 'internet', 'relayed']).nullish(),
        setAside: z.boolean().optional(),
        chaos: z.object({ cut: z.boolean(), delayMs: amount, distance: z.boolean().optional() }).nullish(),
      }),
    )
    .max(MAX_LINKS),
})

export type PeerStatus = z.infer<typeof peerStatusSchema>

/** The status a peer sent, or null when it isn't one. */
export const parseStatus = (value: unknown): PeerStatus | null => {
  const parsed = peerStatusSchema.safeParse(value)
  return parsed.success ? parsed.data : null
}
