// A DNS client for tests: one query over UDP or TCP, and the records of an answer as short lines.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode, type Answer, type DecodedPacket, type Packet } from 'dns-packet'
import { z } from 'zod'
import type { RCODE } from '../../lib/dns/zone.js'

export interface Asked {
  type?: string
  class?: number
  opcode?: number
  edns?: { version?: number; size?: number; isDnssecOk?: boolean; options?: Buffer }
  id?: number
}

/** As dns-packet decodes it, and what its types leave out. */
export type Response = DecodedPacket & { rcode: string; opcode: string }

const RESPONSE = z.object({ rcode: z.string(), opcode: z.string() }).loose()

export const readResponse = (message: Buffer): Response => {
  const packet = decode(message)
  return { ...packet, ...RESPONSE.parse(packet) }
}

export const queryFor = (name: string, asked: Asked = {}): Buffer => {
  const { type = 'A', class: klass = 1, opcode = 0, edns, id = 4711 } = asked
  const packet: Packet = { type: 'query', id, flags: (opcode << 11) | 0x0100 }
  // dns-packet takes more types than it declares (`UNKNOWN_65`), so the question is written by hand.
  const head = encode(packet)
  head.writeUInt16BE(1, 4)
  const labels = name === '' ? [] : name.split('.')
  const question = Buffer.concat([
    ...labels.map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0, (TYPES[type] ?? Number(type)) >> 8, (TYPES[type] ?? Number(type)) & 0xff, 0, klass]),
  ])
  if (edns === undefined) return Buffer.concat([head, question])
  head.writeUInt16BE(1, 10)
  const opt = Buffer.from([0, 0, 41, 0, 0, 0, edns.version ?? 0, edns.isDnssecOk ? 0x80 : 0, 0, 0, 0])
  opt.writeUInt16BE(edns.size ?? 1232, 3)
  const options = edns.options ?? Buffer.alloc(0)
  opt.writeUInt16BE(options.length, 9)
  return Buffer.concat([head, question, opt, options])
}

const TYPES: Readonly<Record<string, number>> = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, HTTPS: 65 },
  ...{ IXFR: 251, AXFR: 252, ANY: 255 },
}

export const rcodeName: Readonly<Record<(typeof RCODE)[keyof typeof RCODE], string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
}

/** `name TYPE data`, one a record; OPT left out. */
export const lines = (records: readonly Answer[] | undefined): string[] =>
  (records ?? []).flatMap(record => {
    if (record.type === 'OPT') return []
    if (record.type === 'SRV') return [`${record.name} SRV ${record.data.priority} ${record.data.port} ${record.data.target}`]
    if (record.type === 'SOA') return [`${record.name} SOA ${record.data.mname}`]
    if (record.type === 'CAA') return [`${record.name} CAA ${record.data.tag} ${record.data.value}`]
    return [`${record.name} ${record.type} ${z.string().parse(record.data)}`]
  })

/** Rejects when no answer comes within 5 s. */
export const askUdp = async (port: number, message: Buffer): Promise<Buffer> => {
  const socket = createSocket('udp4')
  const received = new Promise<Buffer>(resolve => socket.on('message', resolve))
  const late = once(AbortSignal.timeout(5000), 'abort').then(() => Promise.reject(new Error('no answer')))
  socket.send(message, port, '127.0.0.1')
  try {
    return await Promise.race([received, late])
  } finally {
    late.catch(() => {})
    socket.close()
  }
}

export const framed = (message: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Sends the parts as they are, one write each, and reads `count` answers. */
export const askTcp = async (port: number, parts: readonly Buffer[], count: number): Promise<Buffer[]> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  for (const part of parts) await new Promise<void>(resolve => socket.write(part, () => resolve()))
  const messages: Buffer[] = []
  let buffered: Buffer = Buffer.alloc(0)
  for await (const chunk of socket) {
    buffered = Buffer.concat([buffered, z.instanceof(Buffer).parse(chunk)])
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0)
      messages.push(Buffer.from(buffered.subarray(2, end)))
      buffered = buffered.subarray(end)
    }
    if (messages.length >= count) break
  }
  socket.destroy()
  return messages
}
