// What becomes of the records of one name, in whatever order they arrive. Pure.
//
// A record names the revisions it was written over (`previous`). Those that no record was written over are the heads:
// one, if everybody had seen everything; several after concurrent writes. The greatest head wins, the others are conflicts,
// and stay visible until a later record is written over them. Nothing here depends on the order: the heads are a function
// of the set of records.

import type { RegistryRecord } from './record.js'

export interface NameState {
  /** The winner first. */
  heads: RegistryRecord[]
  /** Revisions that a record was written over, and that have not arrived yet. */
  awaited: string[]
}

export const EMPTY: NameState = { heads: [], awaited: [] }

/** More than this in one name is an error or an attack; the oldest are forgotten. */
const MAX_HEADS = 64
const MAX_AWAITED = 256

/** Greater wins: by clock, then by edge. The rest only matters when two processes used one identity. */
export const compareRecords = (a: RegistryRecord, b: RegistryRecord): number =>
  a.hlc[0] - b.hlc[0] ||
  a.hlc[1] - b.hlc[1] ||
  compareText(a.edge, b.edge) ||
  compareText(JSON.stringify(a), JSON.stringify(b))

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The state with one more record; the records of a name may come in any order, each once. */
export const merge = (state: NameState, record: RegistryRecord): NameState => {
  const awaited = new Set(state.awaited)
  const heads = state.heads.filter((head) => !record.previous.includes(head.revisionId))
  const seen = new Set(state.heads.map((head) => head.revisionId))
  for (const revision of record.previous) if (!seen.has(revision)) awaited.add(revision)
  if (!awaited.delete(record.revisionId)) heads.push(record)
  heads.sort((a, b) => compareRecords(b, a))
  return { heads: heads.slice(0, MAX_HEADS), awaited: [...awaited].sort().slice(-MAX_AWAITED) }
}

export const winnerOf = (state: NameState | undefined): RegistryRecord | null => state?.heads[0] ?? null
