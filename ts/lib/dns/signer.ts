// Signatures of a zone's answers (DNSSEC, RFC 4034 and 4035), made when they are asked for, because answers depend on who asks. One
// key, ECDSA on P-256 (RFC 6605). What is not there is denied for the name asked for alone (compact denial, RFC 9824).
//
// dns-packet writes the records and node:crypto signs; this puts records into their canonical form and keeps signatures.

import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { encode, type Answer, type RrsigData } from 'dns-packet'
import { messageOf, SwarmError } from '../errors.js'

export interface Signer {
  /** The records with a signature for each set of them. */
  sign(records: readonly Answer[]): Answer[]
  /** That at `name` there is nothing but `types`; null: there is no such name. */
  deny(name: string, types: readonly string[] | null, ttl: number): Answer
  /** The DNSKEY record, under a name as it was asked for. */
  key(name: string, ttl: number): Answer
  /** What the zone above needs: the data of the DS record, as text. */
  readonly delegation: string
}

const ECDSA_P256_SHA256 = 13
/** A key of a zone that also signs its own record. */
const KEY_FLAGS = 257
const SHA256 = 2
const CLASS_INTERNET = 1
const NUMBERS: Record<string, number> = { A: 1, NS: 2, SOA: 6, TXT: 16, AAAA: 28, SRV: 33, NSEC: 47, DNSKEY: 48, CAA: 257 }
/** dns-packet's word for NXNAME, the type that says that a name is not there. */
const NO_NAME = 'UNKNOWN_128'
/** Signatures are of the last whole hour, so that many answers share one. Clocks may be an hour apart. */
const HOUR_SECONDS = 3_600
/** Longer than any TTL. */
const GOOD_FOR_SECONDS = 72 * HOUR_SECONDS
/** Kept ones; names under the zone are without end. */
const MOST_KEPT = 20_000
const HEADER_BYTES = 12
/** The root's name, type, class, TTL and length. */
const BEFORE_DATA_BYTES = 11
const UNCOMPRESSED_POINT = 4
const COORDINATE_BYTES = 32

/** `file`: a private key in PEM. `zone` in lower case. Throws CONFIG_INVALID. */
export const openSigner = async (file: string, zone: string): Promise<Signer> => {
  const refuse = (why: string, cause?: unknown): never => {
    throw new SwarmError('CONFIG_INVALID', `SWARMLAMBDA_DNS_KEY ${JSON.stringify(file)} ${why}; allowed: a file that "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256" makes`, { cause })
  }
  const pem = await readFile(file).catch((error: unknown) => refuse(`cannot be read: ${messageOf(error)}`, error))
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    return refuse(`is no private key: ${messageOf(error)}`, error)
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') refuse('is a key of another kind')
  return createSigner(key, zone, () => Math.floor(Date.now() / 1_000))
}

/** `now`: seconds since 1970. */
export const createSigner = (key: KeyObject, zone: string, now: () => number): Signer => {
  const point = publicPoint(key)
  const keyRecord = (name: string, ttl: number): Answer => ({ type: 'DNSKEY', name, ttl, data: { flags: KEY_FLAGS, algorithm: ECDSA_P256_SHA256, key: point } })
  const keyData = dataOf(keyRecord(zone, 0))
  const keyTag = tagOf(keyData)
  const kept = new Map<string, Buffer>()
  let hour = 0

  /** Of records with one name, type and TTL. */
  const signatureOf = (records: readonly Answer[], name: string, fields: RrsigData): Buffer => {
    // What is signed, but for the order, in which a resolver puts them itself.
    const id = `${name} ${fields.typeCovered} ${fields.originalTTL} ${JSON.stringify(records.map((record) => 'data' in record && record.data))}`
    const known = kept.get(id)
    if (known !== undefined) return known
    if (kept.size >= MOST_KEPT) kept.clear()
    const head = Buffer.alloc(8)
    head.writeUInt16BE(NUMBERS[fields.typeCovered] ?? 0, 0)
    head.writeUInt16BE(CLASS_INTERNET, 2)
    head.writeUInt32BE(fields.originalTTL, 4)
    const before = [nameOf(name), head]
    const set = records.map(dataOf).sort(Buffer.compare).flatMap((data) => [...before, Buffer.of(data.length >> 8, data.length & 0xff), data])
    const made = sign('sha256', Buffer.concat([dataOf({ type: 'RRSIG', name, data: fields }), ...set]), { key, dsaEncoding: 'ieee-p1363' })
    kept.set(id, made)
    return made
  }

  const signSet = (records: readonly Answer[]): Answer[] => {
    const [first] = records
    if (first === undefined || !(first.type in NUMBERS) || !('ttl' in first)) return []
    const start = Math.floor(now() / HOUR_SECONDS) * HOUR_SECONDS - HOUR_SECONDS
    if (start !== hour) kept.clear()
    hour = start
    const ttl = first.ttl ?? 0
    const fields = { typeCovered: first.type, algorithm: ECDSA_P256_SHA256, labels: first.name.split('.').length, originalTTL: ttl, expiration: start + GOOD_FOR_SECONDS, inception: start, keyTag, signersName: zone }
    const signature = signatureOf(records, first.name.toLowerCase(), { ...fields, signature: Buffer.alloc(0) })
    return [{ type: 'RRSIG', name: first.name, ttl, data: { ...fields, signature } }]
  }

  return {
    sign(records) {
      const sets = new Map<string, Answer[]>()
      for (const record of records) {
        const id = `${record.name.toLowerCase()} ${record.type}`
        sets.set(id, [...(sets.get(id) ?? []), record])
      }
      return [...sets.values()].flatMap((set) => [...set, ...signSet(set)])
    },
    deny: (name, types, ttl) => ({ type: 'NSEC', name, ttl, data: { nextDomain: `\0.${name.toLowerCase()}`, rrtypes: [...(types ?? [NO_NAME]), 'RRSIG', 'NSEC'] } }),
    key: keyRecord,
    delegation: `${keyTag} ${ECDSA_P256_SHA256} ${SHA256} ${createHash('sha256').update(nameOf(zone)).update(keyData).digest('hex').toUpperCase()}`,
  }
}

/** The two coordinates, as a DNSKEY has them. */
const publicPoint = (key: KeyObject): Buffer => {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const point = spki.subarray(-2 * COORDINATE_BYTES)
  if (spki.at(-2 * COORDINATE_BYTES - 1) !== UNCOMPRESSED_POINT) throw new Error('the point of the public key is compressed')
  return point
}

/** A record's data, as they are sent: our names in it are in lower case, and dns-packet compresses none. */
const dataOf = (record: Answer): Buffer => encode({ type: 'response', answers: [{ ...record, name: '.' }] }).subarray(HEADER_BYTES + BEFORE_DATA_BYTES)

/** In lower case, as it is signed. */
const nameOf = (name: string): Buffer => Buffer.concat([...name.toLowerCase().split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])), Buffer.of(0)])

/** RFC 4034, appendix B. */
const tagOf = (data: Buffer): number => {
  let sum = 0
  for (const [index, byte] of data.entries()) sum += index % 2 === 0 ? byte << 8 : byte
  return (sum + (sum >> 16)) & 0xffff
}
