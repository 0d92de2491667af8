// The 62 bytes an edge says about itself to find its peers: in beacons (UDP) and in mDNS records.
//
//   0  4  'SLB1'
//   4 32  public key
//  36  8  incarnation: random in every process, so that a restarted edge is told from one that is still connected
//  44  2  UDP port of its Hyperswarm node, big endian
//  46 16  HMAC-SHA256 of the above under the cluster's beacon key, truncated
//
// There is no time in it: a board without a clock must be found too. A replayed hello does no more than make its hearer
// dial an address where nobody can answer for that public key.

import { createHmac, timingSafeEqual } from 'node:crypto'

const MAGIC = Buffer.from('SLB1')
const MAC_OFFSET = 46
const MAC_BYTES = 16
export const HELLO_BYTES = MAC_OFFSET + MAC_BYTES

export interface Hello {
  publicKey: Buffer
  /** 16 hex digits. */
  incarnation: string
  port: number
}

const macOf = (signed: Buffer, key: Buffer): Buffer =>
  createHmac('sha256', key).update(signed).digest().subarray(0, MAC_BYTES)

export const encodeHello = (hello: Hello, key: Buffer): Buffer => {
  const packet = Buffer.alloc(HELLO_BYTES)
  MAGIC.copy(packet, 0)
  hello.publicKey.copy(packet, 4)
  packet.write(hello.incarnation, 36, 'hex')
  packet.writeUInt16BE(hello.port, 44)
  macOf(packet.subarray(0, MAC_OFFSET), key).copy(packet, MAC_OFFSET)
  return packet
}

/** The hello in a packet, or null for whatever is not one of this cluster: by none of these keys. */
export const decodeHello = (packet: Buffer, keys: readonly Buffer[]): Hello | null => {
  if (packet.byteLength !== HELLO_BYTES || !packet.subarray(0, 4).equals(MAGIC)) return null
  const signed = packet.subarray(0, MAC_OFFSET)
  if (!keys.some((key) => timingSafeEqual(macOf(signed, key), packet.subarray(MAC_OFFSET)))) return null
  const port = packet.readUInt16BE(44)
  if (port === 0) return null
  return { publicKey: Buffer.from(packet.subarray(4, 36)), incarnation: packet.toString('hex', 36, 44), port }
}
