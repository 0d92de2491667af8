// Which C and C++ library the executable asks for: the newest version of a symbol in Node and in each library it carries. Those of
// Holepunch come as they were built elsewhere, so the answer is read from the files.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Stop } from '../lib/terminal.mjs'
import { needsOf } from './elf.mjs'
import { filesOf } from './tree.mjs'

/** What a package must run with: glibc 2.31 and the libstdc++ of GCC 10, as in Debian 11 and Ubuntu 20.04. */
export const OLDEST = { GLIBC: '2.31', GLIBCXX: '3.4.28' }
/** The first GCC whose libstdc++ has a version of symbols, from the oldest on; what Debian calls the package's version. */
const GCC = { '3.4.28': '10', '3.4.29': '11', '3.4.30': '12', '3.4.31': '13', '3.4.32': '13.2', '3.4.33': '14' }

/** `{ glibc: '2.31', gcc: '10', isOldest: true }`, or what is newer than that. */
export const librariesOf = async (tree, node) => {
  const files = (await filesOf(tree)).filter((file) => file.endsWith('.node')).map((file) => join(tree, file))
  const newest = { ...OLDEST }
  for (const file of [...files, node]) {
    for (const { isWeak, version } of needsOf(await readFile(file))) {
      const [name, number] = version.split('_')
      if (name === 'GLIBC' && !/^[\d.]+$/.test(number)) throw new Stop(`${file} asks for ${version}, which is no version: it needs a loader of its time`)
      if (!isWeak && name in newest && isNewer(number, newest[name])) newest[name] = number
    }
  }
  const gcc = GCC[newest.GLIBCXX]
  if (gcc === undefined) throw new Stop(`No GCC is known here whose libstdc++ has GLIBCXX_${newest.GLIBCXX}: add it to ${import.meta.filename}`)
  return { glibc: newest.GLIBC, gcc, isOldest: newest.GLIBC === OLDEST.GLIBC && newest.GLIBCXX === OLDEST.GLIBCXX }
}

/** Of two versions of numbers and dots. */
export const isNewer = (a, b) => {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}
