// The versions of symbols that a library of 64 bits asks of others (System V ABI; "ELF Symbol Versioning", Drepper), read, and
// made optional where they are: no byte moves.
import { Stop } from '../lib/terminal.mjs'

const SHT_VERNEED = 0x6ffffffe
const SHT_VERSYM = 0x6fffffff
const VER_FLG_WEAK = 2
/** Any version will do. */
const ANY = 1
const SYMBOL_BYTES = 24

/** `[{ version: 'GLIBC_2.34', isWeak, symbols: ['pthread_once', …], loosen() }]`. The loader does without what is weak. `loosen` changes `bytes`. */
export const needsOf = (bytes) => {
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) throw new Stop('not a library of 64 bits in little-endian order')
  const sections = sectionsOf(bytes)
  const needed = sections.find(({ type }) => type === SHT_VERNEED)
  const versions = sections.find(({ type }) => type === SHT_VERSYM)
  if (needed === undefined || versions === undefined) return []
  const symbols = sections[versions.link]
  const users = new Map()
  for (let index = 0; index < versions.size / 2; index++) {
    const place = versions.offset + index * 2
    const version = bytes.readUInt16LE(place)
    const name = textAt(bytes, sections[symbols.link].offset + bytes.readUInt32LE(symbols.offset + index * SYMBOL_BYTES))
    users.set(version, [...(users.get(version) ?? []), { name, place }])
  }
  const needs = []
  for (const entry of chain(bytes, needed.offset, needed.info, 12)) {
    for (const part of chain(bytes, entry + bytes.readUInt32LE(entry + 8), bytes.readUInt16LE(entry + 2), 12)) {
      const flags = part + 4
      const its = users.get(bytes.readUInt16LE(part + 6)) ?? []
      needs.push({
        version: textAt(bytes, sections[needed.link].offset + bytes.readUInt32LE(part + 8)),
        isWeak: (bytes.readUInt16LE(flags) & VER_FLG_WEAK) !== 0,
        symbols: its.map(({ name }) => name),
        loosen: () => {
          bytes.writeUInt16LE(bytes.readUInt16LE(flags) | VER_FLG_WEAK, flags)
          for (const { place } of its) bytes.writeUInt16LE(ANY, place)
        },
      })
    }
  }
  return needs
}

const sectionsOf = (bytes) => {
  const start = Number(bytes.readBigUInt64LE(0x28))
  const size = bytes.readUInt16LE(0x3a)
  return Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, index) => {
    const at = start + index * size
    const word = (offset) => Number(bytes.readBigUInt64LE(at + offset))
    return { type: bytes.readUInt32LE(at + 4), offset: word(0x18), size: word(0x20), link: bytes.readUInt32LE(at + 0x28), info: bytes.readUInt32LE(at + 0x2c) }
  })
}

/** Records of which each says, at `next`, how far the following one is. */
function* chain(bytes, first, count, next) {
  for (let at = first, left = count; left > 0; left--) {
    yield at
    at += bytes.readUInt32LE(at + next)
  }
}

const textAt = (bytes, start) => bytes.toString('latin1', start, bytes.indexOf(0, start))
