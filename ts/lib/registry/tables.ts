// What the view holds in memory, and how each entry is written: see view.ts.

import type Hyperbee from 'hyperbee'
import { z } from 'zod'

import type { NameState } from './merge.js'
import { anyRecordSchema, blobRefSchema, type BlobRef } from './record.js'
import type { Place, Placed } from './view.js'

export interface Tables {
  states: Map<string, NameState>
  /** Of every head: revision → where it lies, once for each log that has it. */
  places: Map<string, Place[]>
  logs: Map<string, { length: number; edge: string | null }>
  retired: Map<string, number>
  /** Name → revisions that are no conflicts, although no record says so any more. */
  over: Map<string, string[]>
  /** By revision. */
  waiting: Map<string, Placed>
  blobs: Map<string, BlobRef>
  aside: Map<string, string>
}

const placeSchema = z.object({ log: z.string(), block: z.number() })
const stateSchema = z.object({
  heads: z.array(anyRecordSchema),
  over: z.array(z.string()),
  places: z.record(z.string(), z.array(placeSchema)),
})
const logSchema = z.object({ length: z.number(), edge: z.string().nullable() })
const placedSchema = z.object({ record: anyRecordSchema, place: placeSchema })

export const emptyTables = (): Tables => ({
  states: new Map(),
  places: new Map(),
  logs: new Map(),
  retired: new Map(),
  over: new Map(),
  waiting: new Map(),
  blobs: new Map(),
  aside: new Map(),
})

/** Read at once. */
const READ_BLOCKS = 1_024

/**
 * Every entry, from the core's blocks: each is one entry, a later one of a key wins, null is a deletion. Blocks are read side by side,
 * which takes a fraction of walking the tree from one to the next.
 */
const entriesOf = async (bee: Hyperbee): Promise<Map<string, unknown>> => {
  const batch = bee.batch()
  const entries = new Map<string, unknown>()
  // The first block is the header.
  for (let from = 1; from < bee.version; from += READ_BLOCKS) {
    const length = Math.min(READ_BLOCKS, bee.version - from)
    for (const { key, value } of await Promise.all(Array.from({ length }, (_, index) => batch.getBySeq(from + index)))) entries.set(key, value)
  }
  await batch.close()
  return entries
}

/** Throws when an entry is not what this version writes. */
export const readTables = async (bee: Hyperbee): Promise<Tables> => {
  const tables = emptyTables()
  for (const [key, value] of await entriesOf(bee)) {
    if (value === null) continue
    const rest = key.slice(2)
    if (key.startsWith('f/')) {
      const { heads, over, places } = stateSchema.parse(value)
      tables.states.set(rest, { heads, over })
      for (const [revisionId, where] of Object.entries(places)) tables.places.set(revisionId, where)
    } else if (key.startsWith('s/')) tables.logs.set(rest, logSchema.parse(value))
    else if (key.startsWith('r/')) tables.retired.set(rest, z.number().parse(value))
    else if (key.startsWith('o/')) tables.over.set(rest, z.array(z.string()).parse(value))
    else if (key.startsWith('p/')) tables.waiting.set(rest, placedSchema.parse(value))
    else if (key.startsWith('b/')) tables.blobs.set(rest, blobRefSchema.parse(value))
    else if (key.startsWith('x/')) tables.aside.set(rest, z.string().parse(value))
  }
  return tables
}

const encodeState = ({ heads, over }: NameState, places: Pick<Tables['places'], 'get'>): z.infer<typeof stateSchema> => ({
  heads,
  over,
  places: Object.fromEntries(heads.map(({ revisionId }) => [revisionId, places.get(revisionId) ?? []])),
})

export const encodeTables = {
  state: encodeState,
  *all(tables: Tables): Generator<[key: string, value: unknown]> {
    for (const [key, state] of tables.states) yield [`f/${key}`, encodeState(state, tables.places)]
    for (const [key, value] of tables.logs) yield [`s/${key}`, value]
    for (const [key, value] of tables.retired) yield [`r/${key}`, value]
    for (const [key, value] of tables.over) yield [`o/${key}`, value]
    for (const [key, value] of tables.waiting) yield [`p/${key}`, value]
    for (const [key, value] of tables.blobs) yield [`b/${key}`, value]
    for (const [key, value] of tables.aside) yield [`x/${key}`, value]
  },
}
