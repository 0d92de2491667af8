// The view: what all logs together say, folded into a Hyperbee. A checkpoint of every log lies in the same batch as
// what it brought, so a crash repeats nothing and skips nothing; and all of it can be made again from the logs.
//
//   f/<name>            the records that count (NameState) of a function, or of a part of one (parts.ts)
//   s/<log>             how many blocks of that log are folded
//   p/<revision>        a record that waits for its time
//   x/<log>/<block>     why a block was set aside
//   b/<sha256>          where that content is (BlobRef)

import type Corestore from 'corestore'
import Hyperbee from 'hyperbee'
import { z } from 'zod'

import { EMPTY, merge, winnerOf, type NameState } from './merge.js'
import { anyRecordSchema, blobRefSchema, isItem, type AnyRecord, type BlobRef } from './record.js'

const nameStateSchema = z.object({ heads: z.array(anyRecordSchema), over: z.array(z.string()) })

export interface Waiting {
  key: string
  /** When it may be folded: milliseconds since the epoch. */
  record: AnyRecord
}

/** What one step of folding brings. */
export interface Step {
  records?: AnyRecord[]
  wait?: AnyRecord[]
  malformed?: { block: number; reason: string }[]
  /** Entries of {@link View.waiting} that are among `records` now. */
  ripe?: Waiting[]
  checkpoint?: { log: string; length: number }
}

export interface View extends AsyncDisposable {
  state(name: string): NameState | undefined
  states(): IterableIterator<[name: string, state: NameState]>
  folded(log: string): number
  /** Records folded or set aside so far, of all logs. */
  seq(): number
  waiting(): Waiting[]
  malformed(): number
  blob(sha256: string): BlobRef | undefined
  /** Writes a step, all or nothing; tells which winners it changed. One call at a time. */
  fold(step: Step): Promise<AnyRecord[]>
}

export const openView = async (store: Corestore, name: string): Promise<View> => {
  // Not active: nobody else wants this core, and it wants nothing from anybody.
  const core = store.get({ name, active: false })
  const bee = new Hyperbee(core, { keyEncoding: 'utf-8', valueEncoding: 'json', extension: false })
  await bee.ready()
  const states = new Map<string, NameState>()
  const lengths = new Map<string, number>()
  const waiting = new Map<string, AnyRecord>()
  const blobs = new Map<string, BlobRef>()
  let malformed = 0
  let seq = 0
  for await (const { key, value } of bee.createReadStream()) {
    const rest = key.slice(2)
    if (key.startsWith('f/')) states.set(rest, nameStateSchema.parse(value))
    else if (key.startsWith('s/')) lengths.set(rest, z.number().parse(value))
    else if (key.startsWith('p/')) waiting.set(key, anyRecordSchema.parse(value))
    else if (key.startsWith('b/')) blobs.set(rest, blobRefSchema.parse(value))
    else if (key.startsWith('x/')) malformed += 1
  }
  for (const length of lengths.values()) seq += length

  const fold = async (step: Step): Promise<AnyRecord[]> => {
    const next = new Map<string, NameState>()
    const refs = new Map<string, BlobRef>()
    for (const record of step.records ?? []) {
      next.set(record.name, merge(next.get(record.name) ?? states.get(record.name) ?? EMPTY, record))
      for (const ref of refsOf(record)) if (!blobs.has(ref.sha256)) refs.set(ref.sha256, ref)
    }
    const batch = bee.batch()
    for (const [key, state] of next) await batch.put(`f/${key}`, state)
    for (const [key, ref] of refs) await batch.put(`b/${key}`, ref)
    for (const record of step.wait ?? []) await batch.put(waitingKey(record), record)
    for (const { key } of step.ripe ?? []) await batch.del(key)
    const { checkpoint } = step
    if (checkpoint !== undefined) {
      for (const { block, reason } of step.malformed ?? [])
        await batch.put(`x/${checkpoint.log}/${String(block)}`, reason)
      await batch.put(`s/${checkpoint.log}`, checkpoint.length)
    }
    await batch.flush()

    for (const [key, ref] of refs) blobs.set(key, ref)
    for (const record of step.wait ?? []) waiting.set(waitingKey(record), record)
    for (const { key } of step.ripe ?? []) waiting.delete(key)
    malformed += step.malformed?.length ?? 0
    if (checkpoint !== undefined) {
      seq += checkpoint.length - (lengths.get(checkpoint.log) ?? 0)
      lengths.set(checkpoint.log, checkpoint.length)
    }
    const changed: AnyRecord[] = []
    for (const [key, state] of next) {
      const before = winnerOf(states.get(key))
      const after = winnerOf(state)
      states.set(key, state)
      if (after !== null && after.revisionId !== before?.revisionId) changed.push(after)
    }
    return changed
  }

  return {
    state: (key) => states.get(key),
    states: () => states.entries(),
    folded: (log) => lengths.get(log) ?? 0,
    seq: () => seq,
    waiting: () => [...waiting].map(([key, record]) => ({ key, record })),
    malformed: () => malformed,
    blob: (sha256) => blobs.get(sha256),
    fold,
    [Symbol.asyncDispose]: () => bee.close(),
  }
}

const waitingKey = (record: AnyRecord): string => `p/${record.revisionId}`

/** The blobs a record needs. */
export const refsOf = (record: AnyRecord): BlobRef[] => {
  if (record.deleted || isItem(record)) return []
  const { archive, module, source, sourceMap } = record
  return [source, module, sourceMap, archive].filter((ref) => ref !== null && ref !== undefined)
}
