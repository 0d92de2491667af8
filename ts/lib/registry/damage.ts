// Disks that flip bits, lose files and are full: what an error of the store means, and what is done about it.

import { existsSync } from 'node:fs'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'

/** More of them would fill the disk; a person had the time to look at the newest. */
const KEPT = 2
const MARK = 'store.damaged'

/** What RocksDB says when a file is not what it wrote. */
const DAMAGE = /mismatch|corrupt|truncat|decoding|not a blob log|magic number|no such file or directory|MANIFEST|CURRENT file|bad (?:table|block|record)|does not exist|unexpected (?:eof|end)|wal_dir contains/i
/** RocksDB takes no more writes after one failed, until it is opened again. */
const STUCK = /batch was not applied/i
const NO_SPACE = /no space left|enospc|disk quota/i

/** `damaged`: what is on the disk is wrong; `stuck`: nothing can be written until the store is opened again. */
export const kindOf = (error: unknown): 'damaged' | 'stuck' | 'full' | 'other' => {
  const text = `${messageOf(error)} ${error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : ''}`
  if (NO_SPACE.test(text)) return 'full'
  if (STUCK.test(text)) return 'stuck'
  return DAMAGE.test(text) ? 'damaged' : 'other'
}

/** The next start begins with an empty store. */
export const markDamaged = (stateDir: string): Promise<void> => writeFile(join(stateDir, MARK), '')

export const isMarked = (stateDir: string): boolean => existsSync(join(stateDir, MARK))

/** Moves a file or folder of the state directory out of the way; its new name. */
export const setAside = async (stateDir: string, name: string): Promise<string> => {
  const taken = (await readdir(stateDir)).flatMap((entry) => (entry.startsWith(`${name}.broken-`) ? [Number(entry.slice(name.length + 8))] : [])).sort((a, b) => a - b)
  for (const number of taken.slice(0, Math.max(taken.length - KEPT + 1, 0))) {
    await rm(join(stateDir, `${name}.broken-${String(number)}`), { recursive: true, force: true })
  }
  const aside = `${name}.broken-${String((taken.at(-1) ?? 0) + 1)}`
  await rename(join(stateDir, name), join(stateDir, aside))
  await rm(join(stateDir, MARK), { force: true })
  return aside
}

/** Opens what `open` opens; what is damaged is set aside once, and opened anew. */
export const openOrSetAside = async <T>(stateDir: string, open: () => Promise<T>, log: Log): Promise<T> => {
  const anew = async (reason: string): Promise<T> => {
    const kept = await setAside(stateDir, 'store')
    log.error('the store is damaged and was set aside: all that other edges have is fetched again, what none of them has is lost', { kept: join(stateDir, kept), reason })
    return open()
  }
  if (isMarked(stateDir) && existsSync(join(stateDir, 'store'))) return anew('damaged when it was last used')
  try {
    return await open()
  } catch (error) {
    const kind = kindOf(error)
    if (error instanceof SwarmError || (kind !== 'damaged' && kind !== 'stuck')) throw error
    return anew(messageOf(error))
  }
}
