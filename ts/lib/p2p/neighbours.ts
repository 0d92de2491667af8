// Whom an edge replicates with. Up to FULL_MESH edges: with all. Beyond that every log on every connection would be most of
// the memory of the mesh, while records travel just as well from neighbour to neighbour: two on either side of a ring, so
// that the mesh is one; some of the own region, because they are quick; and some anywhere, so that everybody is a few hops
// away. The choice follows from the public keys, needs no agreement, and changes little when edges come and go.

import { createHash } from 'node:crypto'

/** Edges, oneself included, that all replicate with each other. */
export const FULL_MESH = 24
const RING = 2
const NEAR = 4
const FAR = 4

export interface Member {
  /** Public key, hex. */
  id: string
  region: string
}

const rankOf = (text: string): string => createHash('sha256').update(text).digest('hex')
/** The same for both. */
const pairRank = (one: string, other: string): string => rankOf(one < other ? one + other : other + one)

/** Ids of those that `self` wants to replicate with; whoever is chosen replicates too, so that most have twice as many. */
export const neighboursOf = (self: Member, others: readonly Member[]): Set<string> => {
  if (others.length < FULL_MESH) return new Set(others.map(({ id }) => id))
  const ring = [self, ...others].map(({ id }) => ({ id, rank: rankOf(id) })).sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const own = ring.findIndex(({ id }) => id === self.id)
  const chosen = new Set<string>()
  for (let step = 1; step <= RING; step += 1) {
    for (const index of [own + step, own - step]) chosen.add(ring[(index + ring.length) % ring.length]?.id ?? '')
  }
  const ranked = others.map((other) => ({ ...other, rank: pairRank(self.id, other.id) })).sort((a, b) => (a.rank < b.rank ? -1 : 1))
  for (const { id } of ranked.filter(({ region }) => region === self.region).slice(0, NEAR)) chosen.add(id)
  for (const { id } of ranked.filter(({ region }) => region !== self.region).slice(0, FAR)) chosen.add(id)
  return chosen
}
