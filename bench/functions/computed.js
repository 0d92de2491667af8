// A top level of some milliseconds: a table of checksums, and a dictionary.
const table = Array.from({ length: 20_000 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})
const words = new Map(table.slice(0, 5_000).map((sum, n) => [`word${n}`, sum]))
exports.handler = async (e) => ({ ok: words.has('word7'), e })
