// Has anything a build step reads changed since it last succeeded? Answered by a hash of the contents.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { at, BUILD_DIR, ROOT } from './paths.mjs'

/** All files at or under `path` (from the root), sorted; nothing when there is no such path. */
export const filesUnder = async (path, skip = () => false) => {
  const absolute = at(path)
  const info = await stat(absolute).catch(() => null)
  if (info === null) return []
  if (!info.isDirectory()) return [path]
  const found = []
  const walk = async (folder) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const file = join(folder, entry.name)
      const name = relative(ROOT, file).split(sep).join('/')
      if (entry.name === 'node_modules' || entry.name === 'target' || skip(name)) continue
      if (entry.isDirectory()) await walk(file)
      else if (entry.isFile()) found.push(name)
    }
  }
  await walk(absolute)
  return found.sort()
}

/** Hex SHA-256 over the names and contents of all files under `paths`, and `salt` (the command itself, the machine). */
export const hashOf = async (paths, { skip, salt = '' } = {}) => {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${salt}\0`)
  for (const path of paths) {
    for (const file of await filesUnder(path, skip)) {
      const bytes = await readFile(at(file))
      hash.update(`${file}\0${bytes.length}\0`).update(bytes)
    }
  }
  return hash.digest('hex')
}

const stampFile = (step) => join(BUILD_DIR, `${step}.stamp`)

/** The hash `step` last succeeded with, or null. */
export const readStamp = (step) => readFile(stampFile(step), 'utf8').catch(() => null)

/** Remembers that `step` succeeded with inputs of this hash. */
export const writeStamp = async (step, hash) => {
  await mkdir(BUILD_DIR, { recursive: true })
  const temporary = `${stampFile(step)}.${process.pid}`
  await writeFile(temporary, hash)
  await rename(temporary, stampFile(step))
}
