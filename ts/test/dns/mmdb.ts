// Writes databases of places in MaxMind's format, as far as tests need one: IPv4 networks, records of 24 bits.
// https://maxmind.github.io/MaxMind-DB/

const MARKER = Buffer.from([0xab, 0xcd, 0xef, ...Buffer.from('MaxMind.com')])

type Value = string | number | { double: number } | Value[] | { map: Record<string, Value> }

const control = (type: number, size: number): Buffer => (type <= 7 ? Buffer.from([(type << 5) | size]) : Buffer.from([size, type - 7]))

const encode = (value: Value): Buffer => {
  if (typeof value === 'string') return Buffer.concat([control(2, value.length), Buffer.from(value)])
  if (typeof value === 'number') return Buffer.concat([control(6, 4), Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])])
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  if ('double' in value) {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value.double)
    return Buffer.concat([control(3, 8), bytes])
  }
  const entries = Object.entries(value.map)
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)])])
}

export interface Network {
  /** Such as `81.2.69.0/24`. */
  network: string
  latitude: number
  longitude: number
}

export const writeMmdb = (networks: readonly Network[], type = 'GeoLite2-City'): Buffer => {
  /** A child is a node's number, `-1 - n` for the n-th network, or null. */
  const nodes: [number | null, number | null][] = [[null, null]]
  const data = networks.map(({ latitude, longitude }) => encode({ map: { location: { map: { latitude: { double: latitude }, longitude: { double: longitude } } } } }))
  for (const [index, { network }] of networks.entries()) {
    const [address = '', prefix = '32'] = network.split('/')
    const bits = address.split('.').flatMap((byte) => [...Number(byte).toString(2).padStart(8, '0')].map(Number))
    let node = 0
    for (let depth = 0; depth < Number(prefix); depth += 1) {
      const side = bits[depth] === 1 ? 1 : 0
      const here = nodes[node]
      if (here === undefined) throw new Error('no such node')
      if (depth === Number(prefix) - 1) here[side] = -1 - index
      else node = here[side] ??= nodes.push([null, null]) - 1
    }
  }
  const offsets = data.map((_, index) => data.slice(0, index).reduce((sum, { length }) => sum + length, 0))
  const record = (child: number | null): number => (child === null ? nodes.length : child >= 0 ? child : nodes.length + 16 + (offsets[-1 - child] ?? 0))
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [index, [left, right]] of nodes.entries()) {
    tree.writeUIntBE(record(left), index * 6, 3)
    tree.writeUIntBE(record(right), index * 6 + 3, 3)
  }
  const metadata = { node_count: nodes.length, record_size: 24, ip_version: 4, database_type: type, languages: ['en'], binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1_790_000_000, description: { map: { en: 'test' } } }
  return Buffer.concat([tree, Buffer.alloc(16), ...data, MARKER, encode({ map: metadata })])
}
