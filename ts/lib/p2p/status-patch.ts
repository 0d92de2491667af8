// What changed in an edge's status since a peer was told the last time. A status names up to 2,000 functions, and most
// seconds change a few figures: told whole to each of many peers it would be most of what a mesh sends.

import { z } from 'zod'

import { MAX_LOADED, peerStatusSchema, type PeerStatus } from './status.js'

/** In the `status` message of the peers' protocol a whole status is sent; a patch is a small message of this topic. */
export const PATCH_TOPIC = 'mesh/status'

const patchSchema = z.looseObject({
  /** Function name → revision id; null: no longer loaded. */
  loaded: z.record(z.string().max(256), z.string().max(128).nullable()).default({}),
})

/** Encodes one status for all peers: each distinct patch once. */
export interface StatusEncoder {
  readonly status: PeerStatus
  whole(): Buffer
  /** The payload of {@link PATCH_TOPIC}. */
  since(before: PeerStatus): Buffer
}

export const encodeStatus = (status: PeerStatus, envelope: (payload: unknown) => Buffer): StatusEncoder => {
  const patches = new Map<PeerStatus, Buffer>()
  let whole: Buffer | null = null
  return {
    status,
    whole: () => (whole ??= Buffer.from(JSON.stringify(status))),
    since: (before) => {
      const known = patches.get(before) ?? envelope(patchOf(before, status))
      patches.set(before, known)
      return known
    },
  }
}

/** Whether peers should hear of it at once: what decides where invocations go, unlike how busy it is. */
export const isUrgent = (before: PeerStatus, after: PeerStatus): boolean =>
  before.state !== after.state || before.functions !== after.functions || before.url !== after.url || Object.keys(loadedPatch(before, after)).length > 0

const patchOf = (before: PeerStatus, after: PeerStatus): Record<string, unknown> => {
  const changed = Object.entries(after).filter(([field, value]) => field !== 'loaded' && JSON.stringify(value) !== JSON.stringify(before[field]))
  return { ...Object.fromEntries(changed), loaded: loadedPatch(before, after) }
}

const loadedPatch = ({ loaded: before }: PeerStatus, { loaded: after }: PeerStatus): Record<string, string | null> => {
  if (before === after) return {}
  return Object.fromEntries([
    ...Object.entries(after).filter(([name, revisionId]) => before[name] !== revisionId),
    ...Object.keys(before).filter((name) => !Object.hasOwn(after, name)).map((name) => [name, null] as const),
  ])
}

/** The status with the patch a peer sent, or null when it isn't one. */
export const applyPatch = (before: PeerStatus, value: unknown): PeerStatus | null => {
  const patch = patchSchema.safeParse(value)
  if (!patch.success) return null
  const { loaded: changes, ...fields } = patch.data
  // Only what is new is checked again: the rest was.
  const head = peerStatusSchema.safeParse({ ...before, ...fields, loaded: {} })
  if (!head.success) return null
  const entries = Object.entries(changes)
  if (entries.length === 0) return { ...head.data, loaded: before.loaded }
  const loaded = { ...before.loaded }
  for (const [name, revisionId] of entries) {
    if (revisionId === null) Reflect.deleteProperty(loaded, name)
    else loaded[name] = revisionId
  }
  return Object.keys(loaded).length > MAX_LOADED ? null : { ...head.data, loaded }
}

