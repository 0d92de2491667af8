// Puts what was written to a file, or a folder's names, on the disk.

import { open } from 'node:fs/promises'

/** A log that was deleted meanwhile is in a table, which RocksDB syncs itself. */
export const syncFile = async (path: string): Promise<void> => {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
