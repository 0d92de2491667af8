// Room on the disk. Changes are refused while there is too little for the store itself: RocksDB takes no more writes
// after the first that failed, until it is opened again.

import { statfs } from 'node:fs/promises'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'

/** Log, tables and their compaction, at the pace of replication. */
export const RESERVE_BYTES = 16 * 1024 * 1024
/** Of small disks. */
const RESERVE_SHARE = 0.2
const LOOK_EVERY_MS = 1_000

export interface Space extends Disposable {
  /** `DISK_FULL` when `bytes` more would leave too little. */
  need(bytes: number): Promise<void>
  /** As it was seen last. */
  isLow(): boolean
}

/** `onFound`: there is room again after there was too little. */
export const openSpace = (folder: string, onFound: () => void, log: Log): Space => {
  let low = false
  const look = async (bytes: number): Promise<number | null> => {
    const { bavail, blocks, bsize } = await statfs(folder)
    const free = bavail * bsize
    const missing = Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_SHARE) + bytes - free
    return missing > 0 ? free : null
  }
  const update = async (): Promise<void> => {
    const free = await look(0)
    const before = low
    low = free !== null
    if (low && !before) log.error('the disk is almost full: deploys are refused, content is not fetched', { folder, freeBytes: free })
    if (!low && before) {
      log.info('there is room on the disk again', { folder })
      onFound()
    }
  }
  const timer = setInterval(() => {
    update().catch((error: unknown) => {
      log.debug('free space is not known', { reason: messageOf(error) })
    })
  }, LOOK_EVERY_MS)
  timer.unref()
  return {
    need: async (bytes) => {
      const free = await look(bytes).catch(() => null)
      if (free !== null) throw new SwarmError('DISK_FULL', `the disk of this edge is full: ${String(free)} bytes are free in ${folder}`)
    },
    isLow: () => low,
    [Symbol.dispose]: () => {
      clearInterval(timer)
    },
  }
}
