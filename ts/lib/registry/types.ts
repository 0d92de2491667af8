// What the registry is to the rest of the host.

import type { EventEmitter } from 'node:events'

import type { AnyRecord, BlobRef, DeletedRecord, FunctionConfig, FunctionRecord, ItemRecord, RegistryRecord } from './record.js'

export interface PutChange {
  type: 'put'
  name: string
  config: FunctionConfig
  /** The bundled source; with the module, what travels. */
  source: Buffer
  sourceMap: Buffer | null
  module: Buffer
  /** Of the plugin that compiled `module`. */
  pluginDigest: string
  codeSha256: string
  /** The ZIP it came from. */
  archive?: Buffer
  lambda?: Record<string, unknown>
}

/** A function's record anew, or a version of it: with content that the registry has already. */
export interface CopyChange {
  type: 'copy'
  /** The function's own name, or a version's key. */
  name: string
  from: FunctionRecord
  config?: FunctionConfig
  lambda?: Record<string, unknown>
}

export interface ItemChange {
  type: 'item'
  name: string
  value: Record<string, unknown>
}

export interface DeleteChange {
  type: 'delete'
  name: string
}

export type Change = PutChange | DeleteChange | CopyChange | ItemChange

export interface RegistryEvents {
  /** The winner of a name changed, by whichever edge: also a tombstone. Fires for the publisher's own records too. */
  change: [record: RegistryRecord]
  /** A record was indexed, whether it won or not: after its `change`, if there is one. */
  record: [record: RegistryRecord]
  /** As `change`, of what belongs to a function: a version, an alias, a policy (parts.ts). */
  part: [record: AnyRecord]
}

export interface RegistryStats {
  /** Known logs, own and others', retired ones included. */
  logs: number
  /** Records and blobs that were set aside because they are malformed. */
  malformed: number
  /** Records that a newer version of this software wrote and this one doesn't know: kept, passed on, not followed. */
  newer: number
  /** Records of edges that are revoked, from after that. */
  revoked: number
  /** Records waiting for their time: their clock is too far ahead of ours. */
  waiting: number
  /** What is added to this edge's clock, because most of its peers say so; 0: nothing. */
  clockOffsetMs: number
  /** Public keys of the edges that wrote them. */
  waitingFrom: string[]
}

/** How far this edge is with what another one wrote. */
export interface Lag {
  /** Public key of the edge that wrote it, hex. */
  edge: string
  /** Records of that edge indexed here. */
  seq: number
  /** From when its newest record was written, by its clock, until it was indexed here; null: none since this edge started. */
  lagMs: number | null
}

export interface Registry extends AsyncDisposable {
  readonly events: EventEmitter<RegistryEvents>
  /** Resolves when the change is on disk here (synced) and indexed here; with the record as readers see it. */
  publish(change: PutChange): Promise<FunctionRecord>
  publish(change: DeleteChange): Promise<DeletedRecord>
  /** Null for names that never were, or are deleted. */
  get(name: string): FunctionRecord | null
  /** As `publish`. */
  copy(change: CopyChange): Promise<FunctionRecord>
  /** As `publish`. */
  put(change: ItemChange): Promise<ItemRecord>
  item(key: string): ItemRecord | null
  /** What belongs to a function, tombstones too, by key. */
  parts(name: string): AnyRecord[]
  /** What belongs to any function, without tombstones. */
  allParts(): AnyRecord[]
  /** By name. */
  list(): FunctionRecord[]
  /** Records of this name that were written without having seen each other, and lost: until the next publish. */
  conflicts(name: string): RegistryRecord[]
  /** Records indexed so far; equal on edges that have seen the same. */
  seq(): number
  /** How far the logs of an edge (public key) are indexed here. */
  logsOf(edge: string): { key: string; length: number }[]
  /** One for each edge that ever wrote something. */
  lags(): Lag[]
  /** Whether all of a blob is on this edge. */
  hasBlob(ref: BlobRef): Promise<boolean>
  /** The content, checked against its digest; fetched from any peer when it isn't here. Else `BLOB_MISSING`. */
  blob(ref: BlobRef, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<Buffer>
  /** Lets go of content that has not been needed for the grace period; the number of blobs. Also done by itself. */
  collect(): Promise<number>
  stats(): RegistryStats
}
