// An author's project: a folder, a file or an archive, with or without swarmlambda.json, as functions to deploy.
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { inlined } from '../bundle/esbuild.js'
import { bundleFolder } from '../bundle/folder.js'
import { originOf, withOrigin } from '../bundle/origin.js'
import { SwarmError } from '../errors.js'
import { readProjectFile } from './read.js'
import type { DevSettings, FunctionSettings, ProjectFile } from './schema.js'

export interface Project {
  /** Absolute. */
  folder: string
  functions: FunctionToDeploy[]
  routes: NonNullable<ProjectFile['routes']>
  schedules: NonNullable<ProjectFile['schedules']>
  dev: DevSettings
  /** Whether swarmlambda.json is there. */
  hasFile: boolean
}

export interface FunctionToDeploy {
  name: string
  settings: FunctionSettings
  /** Its code as the body of `POST /functions` has it. Packages are bundled here, where they are installed. */
  code(handler?: string): Promise<CodeToSend>
}

export interface CodeToSend {
  handler: string
  files?: Record<string, string>
  zip?: string
  /** Before Base64. */
  bytes: number
}

/** Throws CONFIG_INVALID: there is no such path, or swarmlambda.json is wrong. `named`: for a project of one function. */
export async function openProject(path: string, named?: string): Promise<Project> {
  const full = resolve(path)
  const kind = await stat(full).catch((cause: unknown) => {
    throw new SwarmError('CONFIG_INVALID', `${path}: there is no such file or folder`, { cause })
  })
  const own = basename(full, kind.isDirectory() ? '' : extname(full))
  if (!kind.isDirectory()) {
    const one = { name: named ?? nameOf(own), settings: {} }
    const code = extname(full) === '.zip' ? archive(full) : folderCode(dirname(full), `${own}.handler`)
    return { folder: dirname(full), functions: [{ ...one, code }], routes: {}, schedules: {}, dev: {}, hasFile: false }
  }
  const file = await readProjectFile(full)
  const { dev = {}, functions, name, routes = {}, schedules = {}, $schema: _, ...defaults } = file ?? {}
  const several: [string, FunctionSettings][] = functions === undefined ? [[named ?? name ?? nameOf(own), {}]] : Object.entries(functions)
  return {
    folder: full,
    functions: several.map(([each, settings]) => {
      const merged: FunctionSettings = { ...defaults, ...settings, environment: { ...defaults.environment, ...settings.environment } }
      return { name: each, settings: merged, code: (handler = merged.handler) => folderCode(full, 'index.handler')(handler) }
    }),
    routes,
    schedules,
    dev,
    hasFile: file !== null,
  }
}

const folderCode = (folder: string, standard: string) => async (handler = standard): Promise<CodeToSend> => {
  const { inputs, source, sourceMap } = await bundleFolder(folder, handler)
  const origin = await originOf(folder, handler, inputs)
  const files = inlined({ source, sourceMap: origin === null ? sourceMap : withOrigin(sourceMap, origin) })
  return { handler: 'index.handler', files, bytes: Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0) }
}

const archive = (path: string) => async (handler = 'index.handler'): Promise<CodeToSend> => {
  const zip = await readFile(path)
  return { handler, zip: zip.toString('base64'), bytes: zip.length }
}

const nameOf = (text: string): string => text.replace(/[^a-zA-Z0-9_-]+/g, '-').slice(0, 64)
