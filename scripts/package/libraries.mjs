// Which C and C++ library the executable asks for: the newest version of a symbol in Node and in each library it carries. Those of
// Holepunch come as they were built elsewhere, so the answer is read from the files.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Stop } from '../lib/terminal.mjs'
import { filesOf } from './tree.mjs'

/** The first GCC whose libstdc++ has a version of symbols; what Debian calls the package's version. */
const GCC = { '3.4.26': '9', '3.4.28': '9.3', '3.4.29': '11', '3.4.30': '12', '3.4.31': '13', '3.4.32': '13.2', '3.4.33': '14' }

/** `{ glibc: '2.34', gcc: '12' }`. */
export const librariesOf = async (tree, node) => {
  const files = (await filesOf(tree)).filter((file) => file.endsWith('.node')).map((file) => join(tree, file))
  const texts = await Promise.all([...files, node].map((file) => readFile(file, 'latin1')))
  const newest = (name) => texts.flatMap((text) => [...text.matchAll(new RegExp(`\0${name}_(\\d+(?:\\.\\d+)+)(?=\0)`, 'g'))].map(([, version]) => version)).reduce(newer)
  const symbols = newest('GLIBCXX')
  const known = Object.keys(GCC).filter((version) => newer(version, symbols) === version)
  if (known.length === 0) throw new Stop(`No GCC is known here whose libstdc++ has GLIBCXX_${symbols}: add it to ${import.meta.filename}`)
  return { glibc: newest('GLIBC'), gcc: GCC[known[0]] }
}

/** The later of two versions of numbers and dots; the first when they are equal. */
const newer = (a, b) => {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference > 0 ? a : b
  }
  return a
}
