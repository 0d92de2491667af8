// registry.json in the state directory: which logs are ours, whether the last one was left in order, whom we know.

import { open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { z } from 'zod'

import { messageOf, SwarmError } from '../errors.js'
import { syncFile } from './sync-file.js'

const name = z.string().regex(/^[a-z0-9-]{1,64}$/)

const manifestSchema = z.looseObject({
  v: z.literal(1),
  /** Names of our own logs, the current one last. */
  logs: z.array(name),
  /** Set before the first append, cleared on a clean stop: set at start means that the last log must be left alone. */
  open: z.boolean(),
  /** How long the last log and its content were when they were left in order. */
  lengths: z.record(name, z.object({ log: z.number(), blobs: z.number() })).optional(),
  /** Public keys of cores that were cleared, and go altogether at the next start. */
  garbage: z.array(z.string().regex(/^[0-9a-f]{64}$/)).optional(),
  /** Name of the core that holds the view. */
  view: name,
  /** Public keys of all logs known. */
  writers: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
})

export type Manifest = z.infer<typeof manifestSchema>

const pathOf = (stateDir: string): string => join(stateDir, 'registry.json')

/** Null in a new state directory; `REGISTRY_CORRUPT` when the file makes no sense. */
export const readManifest = async (stateDir: string): Promise<Manifest | null> => {
  let text: string
  try {
    text = await readFile(pathOf(stateDir), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new SwarmError('REGISTRY_CORRUPT', `${pathOf(stateDir)} is damaged: ${messageOf(error)}`, { cause: error })
  }
}

/** On disk when it resolves; a crash leaves the old one or the new one. One call at a time. */
export const writeManifest = async (stateDir: string, manifest: Manifest): Promise<void> => {
  const path = pathOf(stateDir)
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(manifest))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncFile(dirname(path))
}
