// A state directory as one archive, and back: identity, registry, queue. What an edge can make again is left out.
//
// The archive is a copy, and a writer that goes on from a copy may be behind what its peers have seen: so a restored edge
// begins a new log, as after any stop that was not clean.
import { access, chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { create, extract } from 'tar'
import { codeOf, messageOf, SwarmError } from './errors.js'
import { readManifest, writeManifest } from './registry/manifest.js'
import { openStore } from './registry/store.js'

/** `store/CORESTORE` ties the store to its disk: a copy refuses to open with it, and makes its own without. */
const LEFT_OUT = new Set(['cache', 'store/CORESTORE'])

/** Writes the archive (tar, gzip), readable by its owner only. `STATE_DIR_IN_USE`: an edge runs on it. */
export async function backUp(stateDir: string, file: string): Promise<void> {
  await access(join(stateDir, 'store')).catch((cause: unknown) => {
    throw new SwarmError('CONFIG_INVALID', `${stateDir} is no state directory of an edge`, { cause })
  })
  // Open as long as it takes: no edge can start on it meanwhile.
  const store = await openStore(stateDir)
  const fresh = `${file}.new`
  try {
    const entries = await readdir(stateDir)
    await create({ cwd: stateDir, file: fresh, gzip: true, portable: true, mode: 0o600, filter: (path) => !LEFT_OUT.has(path.replace(/^\.\//, '')) }, entries)
    await chmod(fresh, 0o600)
    await rename(fresh, file)
  } catch (cause) {
    await rm(fresh, { force: true })
    throw new SwarmError('CONFIG_INVALID', `${file} could not be written: ${messageOf(cause)}`, { cause })
  } finally {
    await store.close()
  }
}

/** Makes the state directory from an archive. Refuses one that is not empty. */
export async function restore(file: string, stateDir: string): Promise<void> {
  const present = await readdir(stateDir).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  if (present.length > 0) throw new SwarmError('CONFIG_INVALID', `${stateDir} is not empty: name a directory that is, or remove it`)
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await extract({ cwd: stateDir, file, strict: true }).catch((cause: unknown) => {
    throw new SwarmError('CONFIG_INVALID', `${file} is no archive of a state directory: ${messageOf(cause)}`, { cause })
  })
  const manifest = await readManifest(stateDir)
  if (manifest !== null) await writeManifest(stateDir, { ...manifest, open: true })
}
