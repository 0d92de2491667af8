// What a deploy may say. One line names the field and what is allowed.
import { z } from 'zod'
import { SwarmError } from '../errors.js'
import type { Code } from '../bundle.js'
import type { FunctionConfig } from '../registry/record.js'
import { LIMITS, type Limit } from './limits.js'

const MAX_DESCRIPTION = 256
const MAX_ALLOW_ENTRIES = 100
const MAX_REGIONS = 50

const NAME = /^[a-zA-Z0-9_-]{1,64}$/
const VARIABLE = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** AWS's reserved names, and ours. `TZ` may be set. */
const RESERVED: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
])
const isReserved = (name: string): boolean => RESERVED.has(name) || name.startsWith('SWARMLAMBDA_')

const environment = z.record(z.string(), z.string('must be a string')).superRefine((variables, context) => {
  const names = Object.keys(variables)
  const reserved = names.filter(isReserved)
  const invalid = names.filter((name) => !VARIABLE.test(name))
  const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name) + Buffer.byteLength(variables[name] ?? ''), 0)
  if (reserved.length > 0) context.addIssue(`reserved keys can't be set: ${reserved.join(', ')}`)
  if (invalid.length > 0) context.addIssue(`${JSON.stringify(invalid[0])} is no name of a variable: letters, digits and _ only`)
  if (bytes > LIMITS.environment.max) context.addIssue(`${bytes} bytes, at most ${LIMITS.environment.max} are allowed`)
})

/** The engine says what an entry may be; this keeps records small. */
const allowEntry = z.string('must be a host, *.domain, address, network or *').min(1, 'is empty').max(260, 'is too long')
const REGION_RULE = 'must be a region or its beginning, such as eu or eu-central-fra'
const regionPrefix = z.string(REGION_RULE).max(64, REGION_RULE).regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, REGION_RULE)
const within = <Schema extends z.ZodNumber>(schema: Schema, { min, max, unit }: Limit): Schema => schema.min(min, `at least ${min} ${unit}`).max(max, `at most ${max} ${unit}`)
const whole = (limit: Limit) => within(z.int('must be a whole number'), limit)
const limits = z.strictObject({
  logBytes: whole(LIMITS.logs).optional(),
  tmpMb: whole(LIMITS.tmp).optional(),
  fetchCount: whole(LIMITS.fetchCount).optional(),
  fetchBytes: whole(LIMITS.fetchBytes).optional(),
})

/** What a deploy may say of a function besides its name and code; also the fields of swarmlambda.json. */
export const functionFields = {
  handler: z.string('must be a string').describe('file.export: which export of which file is called. Default: index.handler'),
  memorySize: within(z.int('must be a whole number of MB'), LIMITS.memory).describe(`MB; default ${LIMITS.memory.default}`),
  timeout: within(z.number('must be a number of seconds'), LIMITS.timeout).describe(`Seconds, fractions allowed; default ${LIMITS.timeout.default}`),
  environment: environment.describe('Environment variables'),
  description: z.string('must be a string').max(MAX_DESCRIPTION, `at most ${MAX_DESCRIPTION} characters`).describe('For people'),
  failover: z.enum(['any', 'safe', 'never'], 'must be any, safe or never').describe('any (default): also after a failed execution; safe: only what never started; never'),
  allow: z.array(allowEntry, 'must be an array of hosts').max(MAX_ALLOW_ENTRIES, `at most ${MAX_ALLOW_ENTRIES} entries`).describe('Hosts, *.domains, addresses and networks that fetch may reach; none by default'),
  regions: z.array(regionPrefix, 'must be an array of regions').max(MAX_REGIONS, `at most ${MAX_REGIONS} regions`).describe('Regions, or their beginnings, in which it is loaded; absent: all'),
  replicas: whole(LIMITS.replicas).nullable().describe('On how many edges of those regions it is loaded; null (default): on all'),
  concurrency: whole(LIMITS.concurrency).nullable().describe('Invocations at once on an edge; null (default): no limit of its own'),
  limits: limits.describe('Of one invocation'),
}

export const functionName = z.string('must be a string').regex(NAME, 'must be 1 to 64 letters, digits, - or _').describe('Of the function: letters, digits, - and _')

export const deploySchema = z.strictObject({
  name: functionName,
  handler: functionFields.handler.default('index.handler'),
  files: z.record(z.string(), z.string('must be the text of the file'), 'must be an object of file name to text').optional(),
  zip: z.base64('must be a ZIP archive in Base64').optional(),
  memorySize: functionFields.memorySize.default(LIMITS.memory.default),
  timeout: functionFields.timeout.default(LIMITS.timeout.default),
  environment: functionFields.environment.default({}),
  description: functionFields.description.default(''),
  failover: functionFields.failover.default('any'),
  allow: functionFields.allow.default([]),
  regions: functionFields.regions.optional(),
  replicas: functionFields.replicas.optional(),
  concurrency: functionFields.concurrency.default(LIMITS.concurrency.default),
  limits: functionFields.limits.default({}),
})
  // As a JSON schema: what parseDeploy() asks besides.
  .meta({ oneOf: [{ required: ['files'] }, { required: ['zip'] }] })

/** A deploy, parsed. */
export interface Deploy {
  name: string
  code: Code
  config: FunctionConfig
}

/** How long a deploy waits: for this edge, for most, or for all that are connected. */
export type Wait = 'local' | 'quorum' | 'all'

/** The JSON body of `POST /functions`, or `INVALID_REQUEST` (no JSON) or `INVALID_PARAMETER` (a field). */
export function parseDeploy(body: Buffer): Deploy {
  const { name, files, zip, ...config } = check(deploySchema, parseJson(body))
  if ((files === undefined) === (zip === undefined)) {
    throw new SwarmError('INVALID_PARAMETER', 'files: one of "files" (an object of file name to text) and "zip" (an archive in Base64) is needed')
  }
  return { name, code: files === undefined ? { zip: Buffer.from(zip ?? '', 'base64') } : { files }, config }
}

/** A deploy whose body is the archive: everything else is in the query, where `environment` and `limits` are JSON. */
export function parseArchiveDeploy(zip: Buffer, query: URLSearchParams): Deploy {
  const given: Record<string, unknown> = { files: {} }
  for (const [field, text] of query) if (field !== 'wait') given[field] = fieldOf(field, text, query)
  const { name, files: _, zip: __, ...config } = check(deploySchema, given)
  return { name, code: { zip }, config }
}

function fieldOf(field: string, text: string, query: URLSearchParams): unknown {
  if (field === 'allow' || field === 'regions') return query.getAll(field).flatMap((hosts) => hosts.split(','))
  if (field === 'memorySize' || field === 'timeout' || field === 'concurrency' || field === 'replicas') return /^[0-9.]+$/.test(text) ? Number(text) : text
  if (field !== 'environment' && field !== 'limits') return text
  try {
    return JSON.parse(text)
  } catch {
    throw new SwarmError('INVALID_PARAMETER', `${field}: must be JSON in the query, such as {"KEY":"value"}`)
  }
}

/** `?wait=`, or `INVALID_PARAMETER`. */
export function parseWait(text: string | null): Wait {
  if (text === null) return 'all'
  if (text === 'local' || text === 'quorum' || text === 'all') return text
  throw new SwarmError('INVALID_PARAMETER', `wait: ${JSON.stringify(text.slice(0, 50))} must be local, quorum or all`)
}

export const rollbackSchema = z.strictObject({ version: z.string('must be a string').regex(/^[1-9]\d{0,9}$/, 'must be the number of a published version') })

/** The version that the body of a rollback names, or `INVALID_PARAMETER`. */
export const parseRollback = (body: Buffer): string => check(rollbackSchema, parseJson(body)).version

/** A function's name from a path, or `INVALID_PARAMETER`. */
export function parseName(encoded: string): string {
  const name = decode(encoded)
  if (name !== null && NAME.test(name)) return name
  throw new SwarmError('INVALID_PARAMETER', `name: ${JSON.stringify((name ?? encoded).slice(0, 100))} must be 1 to 64 letters, digits, - or _`)
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new SwarmError('INVALID_REQUEST', `Could not parse request body into json: ${String(cause).replace(/^SyntaxError: /, '')}`, { cause })
  }
}

export function check<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.slice(0, 5).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
  throw new SwarmError('INVALID_PARAMETER', lines.join('; '), { cause: result.error })
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
