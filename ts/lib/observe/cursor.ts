// Where a follower is in the invocations of every edge: the id of a server-sent event, so that a client that comes back
// gets what it missed and nothing twice.

/** By the first characters of an edge's id: the `seq` of the last record that was sent. */
export type Cursor = Map<string, number>

const KEY_LENGTH = 8
/** Of so many edges; the others go on at the time of the newest. */
const MAX_EDGES = 100
/** What another edge recorded shortly before is not missed because its clock is behind. */
const CLOCK_SKEW_US = 1_000_000

export const keyOf = (edgeId: string): string => edgeId.slice(0, KEY_LENGTH)

/** `0123abcd.hx3k2m9a7c_…` */
export const formatCursor = (cursor: Cursor): string =>
  [...cursor]
    .sort(([, one], [, other]) => other - one)
    .slice(0, MAX_EDGES)
    .map(([key, seq]) => `${key}.${seq.toString(36)}`)
    .join('_')

/** Null: no cursor. */
export function parseCursor(text: string): Cursor | null {
  const cursor: Cursor = new Map()
  for (const part of text.split('_', MAX_EDGES)) {
    const [, key, seq] = /^([0-9a-f]{8})\.([0-9a-z]{1,11})$/.exec(part) ?? []
    if (key === undefined || seq === undefined) return null
    cursor.set(key, parseInt(seq, 36))
  }
  return cursor
}

/** Where to begin on an edge that the cursor does not name. */
export const startOf = (cursor: Cursor, edgeId: string): number | null => {
  const known = cursor.get(keyOf(edgeId))
  if (known !== undefined) return known
  return cursor.size === 0 ? null : Math.max(0, Math.max(...cursor.values()) - CLOCK_SKEW_US)
}
