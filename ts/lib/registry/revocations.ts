// Edges that were put out of the mesh: what they wrote before counts, what comes later does not, whoever brings it.

import { z } from 'zod'

import { winnerOf } from './merge.js'
import { revocationOf } from './parts.js'
import { isItem, type AnyRecord } from './record.js'
import type { Place, View } from './view.js'

/** The value of a revocation's item. */
export const revocationSchema = z.looseObject({
  /** What the edge was called. */
  name: z.string().max(128),
  /** Its logs as the revoking edge knew them: what lies beyond, or elsewhere, is ignored. */
  logs: z.array(z.looseObject({ key: z.string().max(64), length: z.number().int().nonnegative() })).max(4_096),
})

/** Edge (public key) → its logs → how far they count. */
export type Revocations = ReadonlyMap<string, ReadonlyMap<string, number>>

export const revocationsOf = (view: Pick<View, 'states'>): Revocations => {
  const found = new Map<string, ReadonlyMap<string, number>>()
  for (const [key, state] of view.states()) {
    const id = revocationOf(key)
    const winner = id === null ? null : winnerOf(state)
    if (id === null || winner === null || !isItem(winner)) continue
    const value = revocationSchema.safeParse(winner.value)
    found.set(id, new Map(value.success ? value.data.logs.map(({ key: log, length }) => [log, length]) : []))
  }
  return found
}

export const isRevoked = (revocations: Revocations, record: AnyRecord, { block, log }: Place): boolean => {
  const logs = revocations.get(record.edge)
  return logs !== undefined && block >= (logs.get(log) ?? 0)
}
