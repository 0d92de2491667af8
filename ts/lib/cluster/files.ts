// Small secret files: made once by whoever comes first, replaced whole. Mode 0600.

import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

const MODE = 0o600

/** The file's content, or `make()` written there if no file was there. Whoever comes second reads what the first wrote. */
export const readOrCreate = async (path: string, make: () => string): Promise<string> => {
  const existing = await readIfThere(path)
  if (existing !== null) return existing
  const temporary = await writeBeside(path, make())
  try {
    // A link appears whole or not at all, and fails when the name is taken: unlike a rename or an exclusive create.
    await link(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(temporary)
  }
  return readFile(path, 'utf8')
}

/** The new content or the old, whenever the power goes. */
export const replaceFile = async (path: string, content: string): Promise<void> => {
  await rename(await writeBeside(path, content), path)
}

/** Null: there is none. */
export const readIfThere = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const writeBeside = async (path: string, content: string): Promise<string> => {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', MODE)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  return temporary
}
