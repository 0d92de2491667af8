// What the API answers with, as far as clients may rely on it: objects may have more fields than are written here.
import { z } from 'zod'
import { grantSchema } from '../api/grants.js'
import { routeTarget } from '../api/routes.js'
import { deploySchema } from '../api/schemas.js'

const time = z.iso.datetime().describe('ISO 8601')
const edges = z.array(z.string()).describe('Names of edges')

export const errorAnswer = z.looseObject({
  Type: z.enum(['User', 'Service']).optional(),
  Message: z.string().optional().describe('What was wrong, and what to do'),
  file: z.string().optional().describe("Of the author, where the code doesn't parse or load"),
  line: z.int().optional(),
  column: z.int().optional(),
})

export const functionAnswer = z.looseObject({
  name: deploySchema.shape.name,
  version: z.literal('$LATEST'),
  revisionId: z.string(),
  codeSha256: z.string().describe('Of the bundle, Base64'),
  codeSize: z.int().describe('Bytes of the bundle'),
  handler: z.string(),
  memorySize: z.number(),
  timeout: z.number(),
  environment: z.record(z.string(), z.string()),
  description: z.string(),
  failover: deploySchema.shape.failover.unwrap(),
  createdAt: time,
  lastModified: time,
  edges: edges.describe('That have this very revision loaded'),
  url: z.string().describe('Where to invoke it'),
})

export const routesAnswer = z.looseObject({ routes: z.record(z.string(), routeTarget), cors: z.looseObject({}).nullable() })

export const scheduleAnswer = z.looseObject({
  name: z.string(),
  function: z.string(),
  expression: z.string(),
  timezone: z.string(),
  enabled: z.boolean(),
  description: z.string(),
  next: time.nullable(),
  last: z.looseObject({ time, edge: z.string() }).nullable(),
})

export const accessKeyAnswer = grantSchema.loose().extend({ accessKeyId: z.string(), createdAt: time })

export const toldAnswer = z.looseObject({ keyIds: z.array(z.string()), confirmed: edges, missing: edges })

export const limitAnswer = z.looseObject({
  field: z.string().nullable().describe('Of POST /functions; null: it is fixed'),
  default: z.number().nullable(),
  min: z.number(),
  max: z.number(),
  unit: z.string(),
  error: z.string().describe('What comes of reaching it'),
})

const edgeAnswer = z.looseObject({
  id: z.string(),
  name: z.string(),
  region: z.string(),
  state: z.enum(['up', 'draining', 'down']),
  url: z.string(),
  version: z.string(),
  requestsPerSecond: z.number(),
  inFlight: z.number(),
})

export const clusterAnswer = z.looseObject({
  at: z.number().describe("Milliseconds since the epoch, by the edge's clock"),
  cluster: z.string(),
  self: z.string(),
  edges: z.array(edgeAnswer),
  links: z.array(z.looseObject({ from: z.string(), to: z.string(), rttMs: z.number().nullable(), up: z.boolean() })),
  functions: z.array(z.looseObject({ name: z.string(), edges })),
})

export const invocationAnswer = z.looseObject({
  requestId: z.string(),
  function: z.string(),
  edge: z.string().describe('Where it arrived'),
  executedBy: z.string().describe('Whose outcome the caller got'),
  at: z.number().describe('Milliseconds since the epoch, by the clock of `edge`'),
  ms: z.number(),
  class: z.string(),
  tries: z.array(z.looseObject({ edge: z.string(), class: z.string(), ms: z.number() })),
})

export const healthAnswer = z.looseObject({ edge: z.string(), region: z.string() })
