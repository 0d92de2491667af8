// The view: what all logs together say, folded into a Hyperbee. A checkpoint of every log lies in the same batch as
// what it brought, so a crash repeats nothing and skips nothing; and all of it can be made again from the logs.
//
//   f/<name>                 the records that count (NameState) of a function, or of a part of one (parts.ts), and where
//                            they lie
//   s/<log>                  how many blocks of that log are folded, and whose it is
//   r/<log>                  how far its writer ended that log (see compaction.ts)
//   o/<name>                 revisions of it that retired records were written over
//   p/<revision>             a record that waits for its time
//   x/<log>/<block>          why a block was set aside
//   b/<sha256>/<core>/<block> where that content is (BlobRef)

import type Corestore from 'corestore'
import Hyperbee from 'hyperbee'

import { EMPTY, MAX_OVER, merge, winnerOf, type NameState } from './merge.js'
import { isItem, NEWER, type AnyRecord, type BlobRef } from './record.js'
import { deleteCore } from './store.js'
import { encodeTables, readTables, type Tables } from './tables.js'

/** A block of a log. */
export interface Place {
  log: string
  block: number
}

export interface Placed {
  record: AnyRecord
  place: Place
}

/** What one step of folding brings. */
export interface Step {
  records?: Placed[]
  wait?: Placed[]
  setAside?: { block: number; reason: string }[]
  /** Logs that were ended, and how far. */
  retire?: { log: string; length: number }[]
  /** With them: name → revisions that are no conflicts, although the record that says so is gone. */
  over?: [name: string, revisionIds: readonly string[]][]
  /** Revisions of {@link View.waiting} that are among `records` now. */
  ripe?: string[]
  /** `edge`: whose log it is, as far as its records tell. */
  checkpoint?: { log: string; length: number; edge?: string | undefined }
}

export interface View extends AsyncDisposable {
  state(name: string): NameState | undefined
  states(): IterableIterator<[name: string, state: NameState]>
  folded(log: string): number
  /** How far a log was ended; 0: it was not. */
  retired(log: string): number
  /** Whose log it is; null: not known yet. */
  author(log: string): string | null
  /** Logs that were folded or ended. */
  logs(): string[]
  /** Records folded or set aside so far, of all logs. */
  seq(): number
  waiting(): Placed[]
  setAside(): { malformed: number; newer: number; revoked: number }
  /** Where some copy of that content is. */
  blob(sha256: string): BlobRef | undefined
  blobs(): BlobRef[]
  /** Whether a record that counts needs it. */
  isNeeded(ref: BlobRef): boolean
  /** Forgets where that content was: it is there no more. One call at a time, {@link View.fold} included. */
  forget(refs: readonly BlobRef[]): Promise<void>
  /** Writes a step, all or nothing; tells which winners it changed. One call at a time. */
  fold(step: Step): Promise<AnyRecord[]>
  /** Blocks on disk, against entries that they hold. */
  size(): { blocks: number; entries: number }
  /** The same content in a new core of that name; `switched` is awaited before the old one is deleted. */
  rewrite(name: string, switched: () => Promise<void>): Promise<void>
  /** Off the disk, instead of closing it. */
  destroy(): Promise<void>
}

/** Begins the reason why a record of a revoked edge is set aside. */
export const REVOKED = 'of a revoked edge'
const BATCH = 1_000

type Places = Pick<Tables['places'], 'get'>

export const openView = async (store: Corestore, name: string): Promise<View> => {
  let bee = await openBee(store, name)
  const tables = await readTables(bee)
  const needed = new Map<string, number>()
  const shas = new Map<string, BlobRef>()
  for (const ref of tables.blobs.values()) shas.set(ref.sha256, ref)
  const count = (records: readonly AnyRecord[], by: 1 | -1): void => {
    for (const ref of records.flatMap(refsOf)) needed.set(blobKey(ref), (needed.get(blobKey(ref)) ?? 0) + by)
  }
  for (const { heads } of tables.states.values()) count(heads, 1)
  for (const { record } of tables.waiting.values()) count([record], 1)

  const isRetired = (revisionId: string, places: Places): boolean => {
    const where = places.get(revisionId) ?? []
    return where.length > 0 && where.every(({ block, log }) => block < (tables.retired.get(log) ?? 0))
  }
  /** A loser that its writer dropped was written over by a record that is yet to come, or came and went. */
  const settle = (name: string, state: NameState, places: Places): NameState => ({
    ...state,
    heads: state.heads.filter(({ revisionId }, index) => index === 0 || !(isRetired(revisionId, places) || tables.over.get(name)?.includes(revisionId))),
  })

  const fold = async (step: Step): Promise<AnyRecord[]> => {
    const next = new Map<string, NameState>()
    const places = new Map<string, Place[]>()
    const placesOf = (revisionId: string): Place[] => places.get(revisionId) ?? tables.places.get(revisionId) ?? []
    const refs = new Map<string, BlobRef>()
    for (const { place, record } of step.records ?? []) {
      const others = placesOf(record.revisionId).filter(({ log }) => log !== place.log)
      places.set(record.revisionId, [...others, place])
      next.set(record.name, merge(next.get(record.name) ?? tables.states.get(record.name) ?? EMPTY, record))
      for (const ref of refsOf(record)) if (!tables.blobs.has(blobKey(ref))) refs.set(blobKey(ref), ref)
    }
    for (const { log, length } of step.retire ?? []) tables.retired.set(log, Math.max(length, tables.retired.get(log) ?? 0))
    for (const [key, revisionIds] of step.over ?? []) {
      tables.over.set(key, [...new Set([...(tables.over.get(key) ?? []), ...revisionIds])].sort().slice(-MAX_OVER))
    }
    if ((step.retire ?? []).length + (step.over ?? []).length > 0) for (const [key, state] of tables.states) if (state.heads.length > 1 && !next.has(key)) next.set(key, state)
    const all: Places = { get: placesOf }
    for (const [key, state] of next) next.set(key, settle(key, state, all))

    const { checkpoint } = step
    const before = checkpoint && tables.logs.get(checkpoint.log)
    const entry = checkpoint && { length: checkpoint.length, edge: checkpoint.edge ?? before?.edge ?? null }
    const batch = bee.batch()
    for (const [key, state] of next) await batch.put(`f/${key}`, encodeTables.state(state, all))
    for (const [key, ref] of refs) await batch.put(`b/${key}`, ref)
    for (const placed of step.wait ?? []) await batch.put(`p/${placed.record.revisionId}`, placed)
    for (const revisionId of step.ripe ?? []) await batch.del(`p/${revisionId}`)
    for (const [key] of step.over ?? []) await batch.put(`o/${key}`, tables.over.get(key))
    for (const { log } of step.retire ?? []) {
      await batch.put(`r/${log}`, tables.retired.get(log))
      // Never seen, and yet to be listed by the next retirement of its writer.
      if (tables.logs.has(log)) continue
      tables.logs.set(log, { length: 0, edge: entry?.edge ?? null })
      await batch.put(`s/${log}`, tables.logs.get(log))
    }
    if (checkpoint && entry) {
      for (const { block, reason } of step.setAside ?? []) await batch.put(`x/${checkpoint.log}/${String(block)}`, reason)
      await batch.put(`s/${checkpoint.log}`, entry)
    }
    await batch.flush()

    for (const [key, ref] of refs) {
      tables.blobs.set(key, ref)
      shas.set(ref.sha256, ref)
    }
    for (const placed of step.wait ?? []) tables.waiting.set(placed.record.revisionId, placed)
    count((step.wait ?? []).map(({ record }) => record), 1)
    for (const revisionId of step.ripe ?? []) {
      count([tables.waiting.get(revisionId)].flatMap((placed) => (placed ? [placed.record] : [])), -1)
      tables.waiting.delete(revisionId)
    }
    if (checkpoint && entry) {
      for (const { block, reason } of step.setAside ?? []) tables.aside.set(`${checkpoint.log}/${String(block)}`, reason)
      tables.logs.set(checkpoint.log, entry)
    }
    const changed: AnyRecord[] = []
    for (const [key, state] of next) {
      const old = tables.states.get(key) ?? EMPTY
      const where = state.heads.map(({ revisionId }) => [revisionId, placesOf(revisionId)] as const)
      for (const { revisionId } of old.heads) tables.places.delete(revisionId)
      for (const [revisionId, at] of where) tables.places.set(revisionId, at)
      count(old.heads, -1)
      count(state.heads, 1)
      tables.states.set(key, state)
      const after = winnerOf(state)
      if (after !== null && after.revisionId !== winnerOf(old)?.revisionId) changed.push(after)
    }
    return changed
  }

  const seqOf = (log: string): number => Math.max(tables.logs.get(log)?.length ?? 0, tables.retired.get(log) ?? 0)
  const logs = (): string[] => [...new Set([...tables.logs.keys(), ...tables.retired.keys()])]

  return {
    state: (key) => tables.states.get(key),
    states: () => tables.states.entries(),
    folded: (log) => tables.logs.get(log)?.length ?? 0,
    retired: (log) => tables.retired.get(log) ?? 0,
    author: (log) => tables.logs.get(log)?.edge ?? null,
    logs,
    seq: () => logs().reduce((sum, log) => sum + seqOf(log), 0),
    waiting: () => [...tables.waiting.values()],
    setAside: () => {
      const reasons = [...tables.aside.values()]
      const newer = reasons.filter((reason) => reason.startsWith(NEWER)).length
      const revoked = reasons.filter((reason) => reason.startsWith(REVOKED)).length
      return { malformed: reasons.length - newer - revoked, newer, revoked }
    },
    blob: (sha256) => shas.get(sha256),
    blobs: () => [...tables.blobs.values()],
    isNeeded: (ref) => (needed.get(blobKey(ref)) ?? 0) > 0,
    forget: async (refs) => {
      const batch = bee.batch()
      for (const ref of refs) await batch.del(`b/${blobKey(ref)}`)
      await batch.flush()
      for (const ref of refs) {
        tables.blobs.delete(blobKey(ref))
        needed.delete(blobKey(ref))
        if (shas.get(ref.sha256)?.core === ref.core) shas.delete(ref.sha256)
      }
      for (const ref of tables.blobs.values()) if (!shas.has(ref.sha256)) shas.set(ref.sha256, ref)
    },
    fold,
    size: () => ({ blocks: bee.core.length, entries: tables.states.size + tables.blobs.size + tables.logs.size + tables.retired.size + tables.over.size + tables.waiting.size + tables.aside.size }),
    rewrite: async (newName, switched) => {
      const fresh = await openBee(store, newName)
      let batch = fresh.batch()
      let size = 0
      for (const [key, value] of encodeTables.all(tables)) {
        await batch.put(key, value)
        size += 1
        if (size % BATCH !== 0) continue
        await batch.flush()
        batch = fresh.batch()
      }
      await batch.flush()
      const old = bee
      bee = fresh
      await switched()
      await deleteCore(store, old.core)
    },
    destroy: () => deleteCore(store, bee.core),
    [Symbol.asyncDispose]: () => bee.close(),
  }
}

const openBee = async (store: Corestore, name: string): Promise<Hyperbee> => {
  // Not active: nobody else wants this core, and it wants nothing from anybody.
  const bee = new Hyperbee(store.get({ name, active: false }), { keyEncoding: 'utf-8', valueEncoding: 'json', extension: false })
  await bee.ready()
  return bee
}

const blobKey = ({ blockOffset, core, sha256 }: BlobRef): string => `${sha256}/${core}/${String(blockOffset)}`

/** The blobs a record needs. */
export const refsOf = (record: AnyRecord): BlobRef[] => {
  if (record.deleted || isItem(record)) return []
  const { archive, module, source, sourceMap } = record
  return [source, module, sourceMap, archive].filter((ref) => ref !== null && ref !== undefined)
}
