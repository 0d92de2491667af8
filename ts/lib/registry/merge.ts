// What becomes of the records of one name, in whatever order they arrive. Pure.
//
// A record names the revisions it was written over (`previous`). Those that no record was written over are the heads:
// one, if everybody had seen everything; several after concurrent writes. The greatest head wins, the others are
// conflicts, and stay visible until a later record is written over them. Nothing here depends on the order: the heads
// are a function of the set of records.

import type { AnyRecord } from './record.js'

export interface NameState {
  /** The winner first. */
  heads: AnyRecord[]
  /** Revisions that a record was written over, arrived or not, sorted. */
  over: string[]
}

export const EMPTY: NameState = { heads: [], over: [] }

/** More than this in one name is an error or an attack; the oldest are forgotten. */
const MAX_HEADS = 64
/** A record that arrives after this many later ones may show as a conflict until the next deploy; it can't win. */
export const MAX_OVER = 256

/** Greater wins: by clock, then by edge. The rest only matters when two processes used one identity. */
export const compareRecords = (a: AnyRecord, b: AnyRecord): number =>
  a.hlc[0] - b.hlc[0] ||
  a.hlc[1] - b.hlc[1] ||
  compareText(a.edge, b.edge) ||
  compareText(JSON.stringify(a), JSON.stringify(b))

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The state with one more record. The order doesn't matter, nor does a record that comes twice. */
export const merge = (state: NameState, record: AnyRecord): NameState => {
  const over = new Set([...state.over, ...record.previous, ...(record.cancels ?? [])])
  // Two records of one revision are of one identity in two processes: the greater text stays, whichever came first.
  const twin = state.heads.find((head) => head.revisionId === record.revisionId)
  const arrived = twin !== undefined && compareRecords(twin, record) > 0 ? twin : record
  const heads = [...state.heads.filter((head) => head !== twin), arrived]
    .filter((head) => !over.has(head.revisionId))
    .sort((a, b) => compareRecords(b, a))
  return { heads: heads.slice(0, MAX_HEADS), over: [...over].sort().slice(-MAX_OVER) }
}

export const winnerOf = (state: NameState | undefined): AnyRecord | null => state?.heads[0] ?? null
