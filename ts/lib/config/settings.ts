// Where settings come from: the environment, which wins, swarmlambda.toml, and for the cluster key a file of its own.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf, SwarmError } from '../errors.js'
import { parseToml } from './toml.js'
import { shown, type Environment } from './variable.js'
import { CLUSTER_KEY, CLUSTER_KEY_FILE, CONFIG_FILE } from './variables.js'

export interface Settings {
  /** As if everything were in the environment. */
  values: Environment
  /** Where a value is from, by the variable's name: `environment`, `file:line`, or the path of the key's file. */
  places: ReadonlyMap<string, string>
  /** The configuration file that was read; null: there is none. */
  file: string | null
}

/** Taken when nobody names a file. */
const STANDARD_FILES = ['swarmlambda.toml', '/etc/swarmlambda/swarmlambda.toml']
/** Of systemd's LoadCredential= and SetCredentialEncrypted=. */
const CREDENTIAL = 'cluster.key'
const ENVIRONMENT = 'environment'

/**
 * All settings. `file` is what the command line names; else SWARMLAMBDA_CONFIG does, else ./swarmlambda.toml or
 * /etc/swarmlambda/swarmlambda.toml is read when it is there. Throws CONFIG_INVALID: `file:line: …`.
 */
export const loadSettings = async (env: Environment, file: string | null = null): Promise<Settings> => {
  const found = await readConfig(file ?? given(env[CONFIG_FILE]))
  const values: Record<string, string | undefined> = { ...env }
  const places = new Map<string, string>()
  for (const [name, value] of Object.entries(env)) if (given(value) !== null) places.set(name, ENVIRONMENT)
  for (const { line, name, text } of found === null ? [] : parseToml(found.text, found.path)) {
    if (places.has(name)) continue
    values[name] = text
    places.set(name, `${found?.path ?? ''}:${line}`)
  }
  if (!places.has(CLUSTER_KEY.name)) {
    const key = await readKey(given(values[CLUSTER_KEY_FILE.name]), given(env['CREDENTIALS_DIRECTORY']))
    if (key !== null) {
      values[CLUSTER_KEY.name] = key.text
      places.set(CLUSTER_KEY.name, key.path)
    }
  }
  return { values, places, file: found?.path ?? null }
}

const given = (value: string | undefined): string | null => (value === undefined || value.trim() === '' ? null : value.trim())

const readConfig = async (named: string | null): Promise<{ path: string; text: string } | null> => {
  for (const path of named === null ? STANDARD_FILES : [named]) {
    const text = await readIfThere(path)
    if (text !== null) return { path, text }
  }
  if (named !== null) throw new SwarmError('CONFIG_INVALID', `${named} is not there: name a configuration file that is`)
  return null
}

const readKey = async (file: string | null, credentials: string | null): Promise<{ path: string; text: string } | null> => {
  if (file !== null) {
    const text = await readIfThere(file)
    if (text === null) throw new SwarmError('CONFIG_INVALID', `${CLUSTER_KEY_FILE.name} (${CLUSTER_KEY_FILE.key}) is ${file}, which is not there`)
    return checked(file, text)
  }
  if (credentials === null) return null
  const path = join(credentials, CREDENTIAL)
  const text = await readIfThere(path)
  return text === null ? null : checked(path, text)
}

/** Here it is known that the mistake is in a file. */
const checked = (path: string, text: string): { path: string; text: string } => {
  const key = text.trim()
  if (key === '' || CLUSTER_KEY.schema.safeParse(key).success) return { path, text }
  throw new SwarmError('CONFIG_INVALID', `the cluster key in ${path} is ${shown(CLUSTER_KEY, key)}; allowed: 64 hexadecimal digits`)
}

const readIfThere = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    throw new SwarmError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}
