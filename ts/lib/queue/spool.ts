// Records on disk, one file each: whole or not there, whatever is killed when.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { syncFile } from '../registry/sync-file.js'

export interface Spool<Item> {
  /** All of them, in no order. What cannot be read is set aside and logged. */
  all(): Promise<Item[]>
  read(id: string): Promise<Item | null>
  /** Resolves when it is on disk (synced), in the place of the one of its id. */
  write(id: string, item: Item): Promise<void>
  remove(id: string): Promise<void>
}

const WHOLE = '.json'
const UNFINISHED = '.tmp'
const UNREADABLE = '.bad'

/** `parse` gives null for what is no item. Ids are names of files. */
export async function openSpool<Item>(folder: string, parse: (value: unknown) => Item | null, log: Log): Promise<Spool<Item>> {
  await mkdir(folder, { recursive: true })
  const pathOf = (id: string): string => join(folder, id + WHOLE)

  const load = async (id: string): Promise<Item | null> => {
    let reason = 'not of this shape'
    try {
      const item = parse(JSON.parse(await readFile(pathOf(id), 'utf8')))
      if (item !== null) return item
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      reason = messageOf(error)
    }
    log.error('an unreadable event was set aside', { file: pathOf(id) + UNREADABLE, reason })
    await rename(pathOf(id), pathOf(id) + UNREADABLE)
    return null
  }

  return {
    read: load,
    async all() {
      const items: Item[] = []
      for (const name of await readdir(folder)) {
        if (name.endsWith(UNFINISHED)) await rm(join(folder, name), { force: true })
        if (!name.endsWith(WHOLE)) continue
        const item = await load(name.slice(0, -WHOLE.length))
        if (item !== null) items.push(item)
      }
      return items
    },
    async write(id, item) {
      const unfinished = pathOf(id) + UNFINISHED
      const file = await open(unfinished, 'w')
      try {
        await file.writeFile(JSON.stringify(item))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(unfinished, pathOf(id))
      await syncFile(folder)
    },
    async remove(id) {
      await rm(pathOf(id), { force: true })
    },
  }
}
