// The keys of a cluster while they change. Pure: rings that were changed apart are merged, in any order, to the same.
//
// As text, in the key file and between edges, words apart by white space, the current key first:
//
//   <64 hex digits>[@<ms since the epoch when it was made>]   accepted; new things are made with the newest
//   retired:<key id>:<64 hex digits>                         accepted no more: its key for secrets, to read old ones
//
// A file of one bare key, as the first edge makes it, is a ring.

import { SwarmError } from '../errors.js'
import { deriveKeys, keyIdOf } from './derive.js'

export interface RingKey {
  key: Buffer
  /** Milliseconds since the epoch; 0: the first one. */
  since: number
}

export interface Ring {
  /** Accepted, the newest first; never empty. */
  keys: RingKey[]
  /** Key id → its key for secrets. */
  retired: Map<string, Buffer>
}

/** A proof holds three: the current key, the previous one, and one more after two edges rotated at once. */
const MAX_KEYS = 3
const MAX_WORDS = 1_000

const KEY = /^([0-9a-f]{64})(?:@(\d{1,15}))?$/i
const RETIRED = /^retired:([0-9a-f]{16}):([0-9a-f]{64})$/i

/** `CONFIG_INVALID` names `where`. */
export const parseRing = (text: string, where: string): Ring => {
  const words = text.trim().split(/\s+/).slice(0, MAX_WORDS)
  const keys: RingKey[] = []
  const retired = new Map<string, Buffer>()
  for (const word of words) {
    const [, key, since] = KEY.exec(word) ?? []
    const [, id, secrets] = RETIRED.exec(word) ?? []
    if (key !== undefined) keys.push({ key: Buffer.from(key, 'hex'), since: Number(since ?? 0) })
    else if (id !== undefined && secrets !== undefined) retired.set(id.toLowerCase(), Buffer.from(secrets, 'hex'))
    else throw new SwarmError('CONFIG_INVALID', `${where} does not hold a key: it must be 64 hex digits`)
  }
  if (keys.length === 0) throw new SwarmError('CONFIG_INVALID', `${where} does not hold a key that is in use: it must be 64 hex digits`)
  return settle(keys, retired)
}

export const formatRing = ({ keys, retired }: Ring): string =>
  [
    ...keys.map(({ key, since }) => key.toString('hex') + (since === 0 ? '' : `@${String(since)}`)),
    ...[...retired].map(([id, secrets]) => `retired:${id}:${secrets.toString('hex')}`),
  ].join('\n') + '\n'

/** All that either of them knows; what one retired is retired. */
export const mergeRings = (a: Ring, b: Ring): Ring => settle([...a.keys, ...b.keys], new Map([...a.retired, ...b.retired]))

/** With one more key, the current one from now on. */
export const rotateRing = (ring: Ring, key: Buffer, now: number): Ring => settle([{ key, since: Math.max(now, currentOf(ring).since + 1) }, ...ring.keys], ring.retired)

/** With nothing but the current key accepted. */
export const retireOthers = (ring: Ring): Ring => settle(ring.keys, new Map([...ring.retired, ...ring.keys.slice(1).map(retire)]))

/** Whether one knows a key that the other accepts: they are of one cluster. */
export const areRelated = (a: Ring, b: Ring): boolean => b.keys.some(({ key }) => a.retired.has(keyIdOf(key)) || a.keys.some((own) => own.key.equals(key)))

export const currentOf = ({ keys: [current] }: Ring): RingKey => {
  if (current === undefined) throw new SwarmError('INTERNAL', 'a ring without a key')
  return current
}

const retire = ({ key }: RingKey): [string, Buffer] => [keyIdOf(key), deriveKeys(key).secrets]

/** Sorted, each once, the retired ones out; too many: the oldest are retired. */
const settle = (given: readonly RingKey[], gone: ReadonlyMap<string, Buffer>): Ring => {
  const newest = new Map<string, RingKey>()
  for (const one of given) {
    const id = keyIdOf(one.key)
    if (one.since >= (newest.get(id)?.since ?? 0)) newest.set(id, one)
  }
  const all = [...newest.values()].sort((a, b) => b.since - a.since || Buffer.compare(b.key, a.key))
  // One that retires all it knows of another, and the other way round, must leave one: the newest.
  const live = all.filter(({ key }) => !gone.has(keyIdOf(key)))
  const keys = (live.length > 0 ? live : all.slice(0, 1)).slice(0, MAX_KEYS)
  const retired = new Map([...gone, ...live.slice(MAX_KEYS).map(retire)])
  for (const { key } of keys) retired.delete(keyIdOf(key))
  return { keys, retired: new Map([...retired].sort()) }
}
