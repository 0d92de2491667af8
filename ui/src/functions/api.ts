// What this page asks about functions, and how it changes them.
import type { FunctionSeries, SeriesPoint } from '../../../ts/lib/snapshot.ts'
import { callJson } from '../mesh/http.ts'
import { isListOf, isRecord, texts } from '../mesh/parse.ts'

/** What a deploy sends to `POST functions`; of a known function, whatever else its configuration holds. */
export interface Deployment {
  name: string
  handler: string
  files: Record<string, string>
  /** MB. */
  memorySize: number
  /** Seconds. */
  timeout: number
  failover: 'any' | 'safe' | 'never'
  description: string
  environment: Record<string, string>
}

export interface Deployed {
  name: string
  /** Whether the name was new. */
  created: boolean
  /** Names of the edges that had it when the answer was sent. */
  edges: string[]
}

export interface Version {
  version: string
  description: string
  /** ISO 8601. */
  lastModified: string
  codeSha256: string
  /** Bytes. */
  codeSize: number
}

export interface Alias {
  name: string
  /** Each with its part of the invocations, 0 to 1. */
  versions: { version: string; weight: number }[]
}

/** The author's files. */
export interface Source {
  files: Record<string, string>
  /** Why they can't be deployed from here; null: they can. */
  readOnly: string | null
  /** What a deploy needs besides the files. */
  config: Record<string, unknown>
}

export async function deploy(deployment: Deployment): Promise<Deployed> {
  const body = await callJson('functions', { method: 'POST', body: deployment })
  const edges = isRecord(body) ? texts(body['edges']) : []
  const created = isRecord(body) && body['createdAt'] === body['lastModified']
  return { name: deployment.name, created, edges }
}

/** New code for a function that is there; everything else about it stays. */
export async function redeploy(name: string, source: Source): Promise<Deployed> {
  const body = await callJson('functions', { method: 'POST', body: { ...source.config, name, files: source.files } })
  return { name, created: false, edges: isRecord(body) ? texts(body['edges']) : [] }
}

export async function deleteFunction(name: string): Promise<void> {
  await callJson(`functions/${encodeURIComponent(name)}`, { method: 'DELETE' })
}

export async function publishVersion(name: string, description: string): Promise<string> {
  const body = await callJson(lambda(name, 'versions'), { method: 'POST', body: { Description: description } })
  return isRecord(body) ? String(body['Version']) : ''
}

/** Creates the alias, or points it elsewhere. */
export async function putAlias(name: string, alias: string, version: string, exists: boolean): Promise<void> {
  const path = lambda(name, 'aliases')
  const to = { FunctionVersion: version, RoutingConfig: { AdditionalVersionWeights: {} } }
  if (exists) await callJson(`${path}/${encodeURIComponent(alias)}`, { method: 'PUT', body: to })
  else await callJson(path, { method: 'POST', body: { Name: alias, FunctionVersion: version } })
}

/** The newest first, `$LATEST` before all. */
export async function readVersions(name: string, signal: AbortSignal): Promise<Version[]> {
  const body = await callJson(`${lambda(name, 'versions')}?MaxItems=50`, { signal })
  if (!isRecord(body) || !isListOf(body['Versions'], ['Version'])) return []
  const versions = body['Versions'].map((each): Version => ({
    version: String(each['Version']),
    description: textOf(each['Description']),
    lastModified: textOf(each['LastModified']),
    codeSha256: textOf(each['CodeSha256']),
    codeSize: Number(each['CodeSize'] ?? 0),
  }))
  const number = ({ version }: Version): number => (version === '$LATEST' ? Infinity : Number(version))
  return versions.sort((a, b) => number(b) - number(a))
}

export async function readAliases(name: string, signal: AbortSignal): Promise<Alias[]> {
  const body = await callJson(`${lambda(name, 'aliases')}?MaxItems=50`, { signal })
  if (!isRecord(body) || !isListOf(body['Aliases'], ['Name', 'FunctionVersion'])) return []
  return body['Aliases'].map((each) => {
    const routing = isRecord(each['RoutingConfig']) ? each['RoutingConfig']['AdditionalVersionWeights'] : null
    const others = isRecord(routing) ? Object.entries(routing).map(([version, weight]) => ({ version, weight: Number(weight) })) : []
    const rest = others.reduce((sum, { weight }) => sum + weight, 0)
    return { name: String(each['Name']), versions: [{ version: String(each['FunctionVersion']), weight: 1 - rest }, ...others] }
  })
}

/** Null: the edge keeps no files of it. */
export async function readSource(name: string, signal: AbortSignal): Promise<Source | null> {
  const path = `functions/${encodeURIComponent(name)}`
  const [files, described] = await Promise.all([callJson(`${path}/files`, { signal }), callJson(path, { signal })])
  const kept = isRecord(files) ? files['files'] : null
  if (!isRecord(kept) || !isRecord(described)) return null
  const config = Object.fromEntries(CONFIG.flatMap((key) => described[key] === undefined ? [] : [[key, described[key]]]))
  // A folder that was bundled brings what it was made of.
  const origin = isRecord(files) && isRecord(files['origin']) ? files['origin'] : null
  if (origin === null || !isRecord(origin['files'])) return { files: textsOf(kept), config, readOnly: null }
  const readOnly = origin['isWhole'] === true ? null : 'Packages were bundled with these files where they were deployed from: edit them there, and run swarmlambda deploy.'
  return { files: textsOf(origin['files']), config: { ...config, handler: origin['handler'] }, readOnly }
}

/** Null: nothing ran. */
export async function readSeries(name: string, signal: AbortSignal): Promise<FunctionSeries | null> {
  const body = await callJson(`functions/${encodeURIComponent(name)}/series`, { signal })
  if (!isRecord(body) || !Array.isArray(body['points'])) return null
  const points = body['points'].filter((each): each is SeriesPoint => isRecord(each) && typeof each['at'] === 'number')
  return { function: name, stepMs: Number(body['stepMs'] ?? 60_000), points }
}

/** Of a description, what a deploy takes. */
const CONFIG = ['handler', 'memorySize', 'timeout', 'environment', 'description', 'failover', 'allow', 'concurrency', 'limits', 'auth']

const textsOf = (files: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([file, text]) => [file, String(text)]))

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const lambda = (name: string, part: string): string => `2015-03-31/functions/${encodeURIComponent(name)}/${part}`
