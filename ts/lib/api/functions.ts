// Deploy, list, describe, delete: what the control API does, without HTTP.
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { archiveOf, bundle, unpackArchive, type Code } from '../bundle.js'
import { readOrigin, type Origin } from '../bundle/origin.js'
import { SwarmError } from '../errors.js'
import type { Engine, FunctionSpec } from '../native.js'
import type { FunctionConfig, FunctionRecord, RegistryRecord } from '../registry/record.js'
import type { PutChange, Registry } from '../registry/types.js'
import { qualifiedKey } from '../registry/parts.js'
import { openGate } from './gate.js'
import type { Deploy, Wait } from './schemas.js'

export interface FunctionsOptions {
  engine: Pick<Engine, 'info' | 'compile' | 'check'>
  registry: Pick<Registry, 'blob' | 'get' | 'list' | 'conflicts' | 'publish' | 'copy' | 'parts'>
  /** What the engine is told of a function on this edge. */
  specOf: (name: string, config: FunctionConfig, sourceMap: string | null) => FunctionSpec
  /** Names of the edges that have this very revision loaded. */
  holders: (name: string, revisionId: string) => string[]
  /** Resolves when enough edges have it, or the time is up. */
  waitForHolders: (record: FunctionRecord, wait: Wait) => Promise<void>
}

/** A function as the API shows it; times are ISO 8601. */
export interface Description extends FunctionConfig {
  name: string
  version: '$LATEST'
  revisionId: string
  /** Of the bundle, base64. */
  codeSha256: string
  /** Bytes of the bundle. */
  codeSize: number
  createdAt: string
  lastModified: string
  edges: string[]
  /** Where to invoke it. */
  url: string
  /** Concurrent writes that lost; absent in lists. */
  conflicts?: { revisionId: string; edge: string; lastModified: string; deleted: boolean }[]
}

/** What a deploy is once it is bundled, compiled and tried. */
export type Built = Pick<PutChange, 'source' | 'sourceMap' | 'module' | 'pluginDigest' | 'codeSha256'>

export interface Functions {
  /** Everything before the registry: refused with `BUNDLE_FAILED` or `LOAD_FAILED`. */
  build(deploy: Deploy): Promise<Built>
  /** Refused with `BUNDLE_FAILED` or `LOAD_FAILED` before anything is published: what was deployed keeps serving. */
  deploy(deploy: Deploy, wait: Wait, origin: string): Promise<{ created: boolean; description: Description }>
  /** Makes the code and the settings of a published version `$LATEST` again; or `NOT_FOUND`. */
  rollback(name: string, version: string, origin: string): Promise<Description>
  list(origin: string): Description[]
  /** Or `NOT_FOUND`. */
  get(name: string, origin: string): Description
  /** The files as they were deployed; or `NOT_FOUND`, also where they were too large to keep, or are no text. `origin`: what they were
   * bundled from on the author's machine; null: they are the author's own. */
  files(name: string): Promise<{ files: Record<string, string>; origin: Origin | null }>
  /** With its versions, aliases and attributes; or `NOT_FOUND`. */
  remove(name: string): Promise<void>
}

/** Deploys that bundle and compile at once; more would take the cores from invocations. */
const MAX_DEPLOYS = 2
const MAX_WAITING_DEPLOYS = 64
/** Files of a deploy up to this size are kept with it, to be read and changed later. */
const MAX_KEPT_BYTES = 512 * 1024

export function openFunctions(options: FunctionsOptions): Functions {
  const { engine, holders, registry } = options
  const gate = openGate(MAX_DEPLOYS, MAX_WAITING_DEPLOYS, 'too many deploys at once')

  const build = async ({ name, code, config }: Deploy) => {
    const { maxMemoryMb, pluginDigest } = engine.info()
    if (config.memorySize > maxMemoryMb) {
      throw new SwarmError('INVALID_PARAMETER', `memorySize: at most ${maxMemoryMb} MB on this edge`)
    }
    const { source, sourceMap } = await bundle({ ...code, handler: config.handler })
    const codeSha256 = createHash('sha256').update(source).digest('base64')
    const module = await engine.compile(source.toString())
    await engine.check(options.specOf(name, config, sourceMap.toString()), module)
    return { source, sourceMap, module, pluginDigest, codeSha256 }
  }

  const describe = (record: FunctionRecord, origin: string): Description => ({
    name: record.name,
    version: '$LATEST',
    revisionId: record.revisionId,
    codeSha256: record.codeSha256,
    codeSize: record.source.size,
    ...record.config,
    createdAt: new Date(record.createdAt).toISOString(),
    lastModified: new Date(record.lastModified).toISOString(),
    edges: holders(record.name, record.revisionId),
    url: `${origin}/2015-03-31/functions/${record.name}/invocations`,
  })

  const find = (name: string): FunctionRecord => {
    const record = registry.get(name)
    if (record === null) throw new SwarmError('NOT_FOUND', `Function not found: ${name}`)
    return record
  }

  return {
    build: (deploy) => gate(() => build(deploy)),
    async deploy(deploy, wait, origin) {
      const built = await gate(() => build(deploy))
      const created = registry.get(deploy.name) === null
      const record = await registry.publish({ type: 'put', name: deploy.name, config: deploy.config, ...built, ...(await kept(deploy.code)) })
      await options.waitForHolders(record, wait)
      return { created, description: describe(record, origin) }
    },
    async rollback(name, version, origin) {
      const { concurrency } = find(name).config
      const from = registry.get(qualifiedKey(name, version))
      if (from === null) throw new SwarmError('NOT_FOUND', `Function not found: ${name}:${version}`)
      // Reserved concurrency is the function's, not a version's.
      const record = await registry.copy({ type: 'copy', name, from, config: { ...from.config, concurrency: concurrency ?? null } })
      await options.waitForHolders(record, 'all')
      return describe(record, origin)
    },
    list: (origin) => registry.list().map((record) => describe(record, origin)),
    get: (name, origin) => ({ ...describe(find(name), origin), conflicts: registry.conflicts(name).map(describeConflict) }),
    async files(name) {
      const { archive } = find(name)
      if (!archive) throw new SwarmError('NOT_FOUND', `the files of ${name} were not kept with it: deploy it again with "files"`)
      const contents = [...(await unpackArchive(await registry.blob(archive)))]
      if (archive.size > MAX_KEPT_BYTES || !contents.every(([, content]) => isUtf8(content))) {
        throw new SwarmError('NOT_FOUND', `the files of ${name} are too large to be shown, or not all of them text`)
      }
      const files = Object.fromEntries(contents.map(([file, content]) => [file, content.toString()]))
      return { files, origin: readOrigin(files) }
    },
    async remove(name) {
      await registry.publish({ type: 'delete', name: find(name).name })
      for (const part of registry.parts(name)) if (!part.deleted) await registry.publish({ type: 'delete', name: part.name })
    },
  }
}

async function kept(code: Code): Promise<{ archive?: Buffer }> {
  if ('zip' in code) return code.zip.length > MAX_KEPT_BYTES ? {} : { archive: code.zip }
  const files = Object.fromEntries(Object.entries(code.files).map(([file, text]) => [file, Buffer.from(text)]))
  const size = Object.values(files).reduce((sum, content) => sum + content.length, 0)
  return size > MAX_KEPT_BYTES ? {} : { archive: await archiveOf(files) }
}

const describeConflict = ({ revisionId, edge, lastModified, deleted }: RegistryRecord) => ({
  revisionId,
  edge,
  lastModified: new Date(lastModified).toISOString(),
  deleted,
})
