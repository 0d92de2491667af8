// A DNS message from the network, read as far as it takes to answer it.
//
// By hand, unlike what is written: the answer repeats the question byte for byte (0x20 case, odd labels), must be
// possible for messages that are wrong further on, and dns-packet sets aside room for as many records as a header
// claims, 0.6 ms for twelve bytes of nonsense.

export interface Query {
  id: number
  /** The query's flags word: opcode and RD are repeated in the answer. */
  flags: number
  /** The question as it came; empty when it could not be read. */
  question: Buffer
  /** Of the question; null when there is not exactly one, or it is malformed. */
  asked: Question | null
  edns: Edns | null
  /** The message is broken somewhere. */
  isMalformed: boolean
}

export interface Question {
  /** Without the dot at the end, case as it came; `_` for a label of anything but letters, digits, - and _. */
  name: string
  type: number
  class: number
  /** A label was replaced. */
  isOdd?: boolean
}

/** A part of the network that a resolver asks for (RFC 7871). */
export interface Subnet {
  /** 1: IPv4, 2: IPv6. */
  family: 1 | 2
  /** With zeros after the prefix. */
  address: string
  /** Bits that the resolver told. */
  prefix: number
}

export interface Edns {
  version: number
  udpSize: number
  /** DNSSEC OK, which is repeated in the answer (RFC 3225). */
  isDnssecOk: boolean
  /** For whom the resolver asks; null: it does not say. */
  subnet: Subnet | null
}

const HEADER_BYTES = 12
const RESPONSE = 0x8000
const DNSSEC_OK = 0x8000
const OPT = 41
const CLIENT_SUBNET = 8
const OPTION_BYTES = 4
const MAX_LABEL_BYTES = 63
const MAX_NAME_BYTES = 255
/** The upper two bits of a length: the rest is a pointer, of two bytes, which ends the name. */
const POINTER = 0xc0
/** Type, class, TTL and length of the data. */
const RECORD_BYTES = 10
const PLAIN_LABEL = /^[A-Za-z0-9_-]+$/

export const opcodeOf = ({ flags }: Query): number => (flags >> 11) & 0xf

const readQuestion = (message: Buffer): { question: Buffer; asked: Question } | null => {
  const labels: string[] = []
  let isOdd = false
  let at = HEADER_BYTES
  for (;;) {
    const length = message[at]
    // No pointer: there is nothing before the first name to point to.
    if (length === undefined || length > MAX_LABEL_BYTES) return null
    at += 1
    if (length === 0) break
    const label = message.toString('latin1', at, at + length)
    // Of such a label it only matters that it is no name of ours.
    const isPlain = PLAIN_LABEL.test(label)
    isOdd ||= !isPlain
    labels.push(isPlain ? label : '_')
    at += length
    if (at - HEADER_BYTES >= MAX_NAME_BYTES) return null
  }
  if (at + 4 > message.length) return null
  const asked = { name: labels.join('.'), type: message.readUInt16BE(at), class: message.readUInt16BE(at + 2), ...(isOdd && { isOdd }) }
  return { question: message.subarray(HEADER_BYTES, at + 4), asked }
}

/** Where the name that begins at `at` ends; null when it does not. */
const skipName = (message: Buffer, at: number): number | null => {
  for (let next = at; ; ) {
    const length = message[next]
    if (length === undefined) return null
    if (length === 0) return next + 1
    if ((length & POINTER) === POINTER) return next + 2
    if (length > MAX_LABEL_BYTES) return null
    next += 1 + length
  }
}

const textOf = (family: 1 | 2, bytes: Buffer): string => {
  if (family === 1) return [...bytes].join('.')
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':')
}

/** Null without one; `broken`: it does not hold together, which RFC 7871 wants to hear of. */
const readSubnet = (data: Buffer): Subnet | null | 'broken' => {
  if (data.length < 4) return 'broken'
  const family = data.readUInt16BE(0)
  const prefix = data.readUInt8(2)
  if (family !== 1 && family !== 2) return null
  const bytes = Buffer.alloc(family === 1 ? 4 : 16)
  if (prefix > bytes.length * 8 || data.length - 4 !== Math.ceil(prefix / 8)) return 'broken'
  data.copy(bytes, 0, 4)
  return { family, address: textOf(family, bytes), prefix }
}

/** The client's subnet among the options of an OPT record. */
const readOptions = (data: Buffer): Subnet | null | 'broken' => {
  for (let at = 0; at < data.length; ) {
    if (at + OPTION_BYTES > data.length) return 'broken'
    const end = at + OPTION_BYTES + data.readUInt16BE(at + 2)
    if (end > data.length) return 'broken'
    if (data.readUInt16BE(at) === CLIENT_SUBNET) return readSubnet(data.subarray(at + OPTION_BYTES, end))
    at = end
  }
  return null
}

/** The OPT record among `count` records from `at` on, or null without one. `broken`: they do not hold together. */
const readEdns = (message: Buffer, at: number, count: number): Edns | null | 'broken' => {
  let found: Edns | null = null
  for (let record = 0; record < count; record += 1) {
    const fixed = skipName(message, at)
    if (fixed === null || fixed + RECORD_BYTES > message.length) return 'broken'
    if (message.readUInt16BE(fixed) === OPT) {
      // Once, and of the root.
      if (found !== null || fixed !== at + 1) return 'broken'
      const data = fixed + RECORD_BYTES
      const subnet = readOptions(message.subarray(data, data + message.readUInt16BE(fixed + 8)))
      if (subnet === 'broken') return 'broken'
      found = {
        udpSize: message.readUInt16BE(fixed + 2),
        version: message.readUInt8(fixed + 5),
        isDnssecOk: (message.readUInt16BE(fixed + 6) & DNSSEC_OK) !== 0,
        subnet,
      }
    }
    at = fixed + RECORD_BYTES + message.readUInt16BE(fixed + 8)
    if (at > message.length) return 'broken'
  }
  return found
}

/** Null for what deserves no answer: too short to have an id, or itself an answer. */
export const readQuery = (message: Buffer): Query | null => {
  if (message.length < HEADER_BYTES) return null
  const id = message.readUInt16BE(0)
  const flags = message.readUInt16BE(2)
  if ((flags & RESPONSE) !== 0) return null
  const read = message.readUInt16BE(4) === 1 ? readQuestion(message) : null
  if (read === null) return { id, flags, question: Buffer.alloc(0), asked: null, edns: null, isMalformed: true }
  const count = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10)
  const edns = readEdns(message, HEADER_BYTES + read.question.length, count)
  return { id, flags, ...read, edns: edns === 'broken' ? null : edns, isMalformed: edns === 'broken' }
}
