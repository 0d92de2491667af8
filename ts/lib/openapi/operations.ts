// Every call of the control API that clients may rely on. AWS Lambda's own paths are described by its model (docs/lambda-api.md).
import { z } from 'zod'
import { createSchema } from '../api/access-keys.js'
import { revokeSchema } from '../api/membership.js'
import { tableSchema } from '../api/routes.js'
import { deploySchema, functionName, rollbackSchema } from '../api/schemas.js'
import { scheduleSchema } from '../schedules/api.js'
import * as answer from './answers.js'

export interface Operation {
  method: 'get' | 'post' | 'put' | 'delete'
  /** With `{parameter}`s. */
  path: string
  id: string
  about: string
  tag: 'Functions' | 'Invocation' | 'HTTP' | 'Schedules' | 'Dead letters' | 'Access' | 'The mesh' | 'This API'
  /** Null: none. */
  body?: z.ZodType
  /** Besides JSON: a ZIP archive. */
  archive?: boolean
  query?: Record<string, { about: string; schema: z.ZodType; required?: boolean }>
  /** By status; null: no body. */
  answers: Record<number, z.ZodType | null>
  /** Other than JSON. */
  contentType?: string
  /** Statuses of what may go wrong, besides 400, 403 and 404. */
  errors?: readonly number[]
  /** Not a control call: no credentials. */
  open?: boolean
}

const name = { path: functionName }
const wait = { about: 'How many edges to wait for, for at most 2 s', schema: z.enum(['all', 'quorum', 'local']).default('all') }
/** A page's form can't send this content type. */
const ignored = z.unknown().describe('Ignored, but of the type application/json')
const file = z.record(z.string(), z.string())

const observed = {
  function: { about: 'Of this one only', schema: functionName },
  requestId: { about: 'Of this invocation only', schema: z.string() },
  edge: { about: 'As seen by this edge only', schema: z.string() },
}
const limit = { about: 'At most so many', schema: z.int().min(1).max(1_000) }
const since = { about: 'A date, milliseconds since the epoch, or how long ago', schema: z.string().regex(/^\d{1,6}[smh]$/).meta({ examples: ['15m'] }) }

/** Schemas of what stands in braces. */
export const PARAMETERS: Record<string, { about: string; schema: z.ZodType }> = {
  name: { about: 'Name of a function', schema: name.path.meta({ examples: ['hello'] }) },
  schedule: { about: 'Name of a schedule', schema: functionName },
  requestId: { about: 'X-Amzn-RequestId of its answer', schema: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) },
  id: { about: 'An id as lists show it', schema: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) },
  edge: { about: 'Name or id of an edge', schema: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/) },
}

export const OPERATIONS: readonly Operation[] = [
  { method: 'get', path: '/functions', id: 'listFunctions', tag: 'Functions', about: 'Lists the functions', answers: { 200: z.looseObject({ functions: z.array(answer.functionAnswer) }) } },
  {
    ...{ method: 'post', path: '/functions', id: 'deployFunction', tag: 'Functions', about: 'Deploys a function, over the one of that name if there is one', archive: true },
    body: deploySchema.describe('One of files and zip is needed'),
    query: { wait },
    answers: { 200: answer.functionAnswer, 201: answer.functionAnswer },
    errors: [413, 415, 429],
  },
  { method: 'get', path: '/functions/{name}', id: 'getFunction', tag: 'Functions', about: 'Describes a function, with concurrent writes that lost', answers: { 200: answer.functionAnswer } },
  { method: 'get', path: '/functions/{name}/files', id: 'getFunctionFiles', tag: 'Functions', about: "The author's files as they were deployed; origin: what a bundle among them was made of", answers: { 200: z.looseObject({ files: file, origin: z.looseObject({ handler: z.string(), files: file, isWhole: z.boolean() }).nullable() }) } },
  { method: 'delete', path: '/functions/{name}', id: 'deleteFunction', tag: 'Functions', about: 'Deletes a function with its versions and aliases', answers: { 204: null } },
  { method: 'post', path: '/functions/{name}/rollback', id: 'rollbackFunction', tag: 'Functions', about: 'Makes code and settings of a published version $LATEST again', body: rollbackSchema, answers: { 200: answer.functionAnswer }, errors: [415] },
  {
    ...{ method: 'post', path: '/2015-03-31/functions/{name}/invocations', id: 'invokeFunction', tag: 'Invocation', about: 'Invokes a function with any JSON. X-Amz-Function-Error says that it failed, X-Swarm-Tries which edges were tried', open: true },
    body: z.unknown().describe('The event'),
    query: { Qualifier: { about: 'A version or an alias', schema: z.string().regex(/^(\$LATEST|[a-zA-Z0-9_-]{1,128})$/) } },
    answers: { 200: z.unknown().describe('What the handler returned'), 202: null },
    errors: [409, 413, 415, 429, 502, 503, 504],
  },
  { method: 'get', path: '/invocations', id: 'listInvocations', tag: 'Invocation', about: 'Lists the latest invocations of all edges, the newest first', query: { ...observed, limit, since }, answers: { 200: z.looseObject({ invocations: z.array(answer.invocationAnswer) }) }, errors: [429] },
  { method: 'get', path: '/invocations/{requestId}', id: 'getInvocation', tag: 'Invocation', about: 'Describes one with its receipt, console output, event and result', answers: { 200: answer.invocationAnswer.extend({ logs: z.array(z.looseObject({})), event: z.string().nullable(), result: z.string().nullable(), executions: z.array(answer.invocationAnswer) }) } },
  { method: 'get', path: '/logs', id: 'getLogs', tag: 'Invocation', about: 'Console output of all edges, a JSON object a line; docs/observability.md says how to follow it', query: { ...observed, limit, since }, answers: { 200: z.string() }, contentType: 'application/x-ndjson', errors: [429] },
  { method: 'get', path: '/functions/{name}/series', id: 'getSeries', tag: 'Functions', about: '15 minutes of executions, failures and latency, of all edges together', answers: { 200: z.looseObject({ function: z.string(), stepMs: z.int(), points: z.array(z.looseObject({ at: z.int(), count: z.int(), errors: z.int() })) }) } },
  { method: 'get', path: '/routes', id: 'listRoutes', tag: 'HTTP', about: 'Lists the routes and their CORS rules', answers: { 200: answer.routesAnswer } },
  { method: 'put', path: '/routes', id: 'replaceRoutes', tag: 'HTTP', about: 'Sets all routes', body: tableSchema, answers: { 200: answer.routesAnswer }, errors: [415] },
  { method: 'delete', path: '/routes', id: 'deleteRoutes', tag: 'HTTP', about: 'Takes a route away, or all', query: { route: { about: 'Its key; all when it is not given', schema: z.string() } }, answers: { 204: null } },
  { method: 'get', path: '/schedules', id: 'listSchedules', tag: 'Schedules', about: 'Lists the schedules', answers: { 200: z.looseObject({ schedules: z.array(answer.scheduleAnswer) }) } },
  { method: 'get', path: '/schedules/{schedule}', id: 'getSchedule', tag: 'Schedules', about: 'Describes a schedule: when it fires next, and when and where it did last', answers: { 200: answer.scheduleAnswer } },
  { method: 'put', path: '/schedules/{schedule}', id: 'putSchedule', tag: 'Schedules', about: 'Makes a schedule, or changes it', body: scheduleSchema, answers: { 200: answer.scheduleAnswer, 201: answer.scheduleAnswer }, errors: [415, 429] },
  { method: 'delete', path: '/schedules/{schedule}', id: 'deleteSchedule', tag: 'Schedules', about: 'Deletes a schedule', answers: { 204: null } },
  { method: 'get', path: '/dead-letters', id: 'listDeadLetters', tag: 'Dead letters', about: 'Lists asynchronous invocations that were given up, of all edges', query: { function: { about: 'Of this one only', schema: z.string() } }, answers: { 200: z.looseObject({ deadLetters: z.array(z.looseObject({})) }) } },
  { method: 'post', path: '/dead-letters/redrive', id: 'redriveDeadLetters', tag: 'Dead letters', about: 'Puts all back into the queue', body: ignored, answers: { 202: z.looseObject({ redriven: z.int() }) }, errors: [415] },
  { method: 'post', path: '/dead-letters/{id}/redrive', id: 'redriveDeadLetter', tag: 'Dead letters', about: 'Puts one back into the queue', body: ignored, answers: { 202: z.looseObject({ redriven: z.int() }) }, errors: [415] },
  { method: 'delete', path: '/dead-letters/{id}', id: 'deleteDeadLetter', tag: 'Dead letters', about: 'Throws one away', answers: { 204: null } },
  { method: 'get', path: '/access', id: 'getAccess', tag: 'Access', about: 'What the caller may do', answers: { 200: z.looseObject({ role: z.string(), functions: z.array(z.string()) }) } },
  { method: 'get', path: '/access-keys', id: 'listAccessKeys', tag: 'Access', about: 'Lists the access keys without their secrets', answers: { 200: z.looseObject({ accessKeys: z.array(answer.accessKeyAnswer) }) } },
  { method: 'post', path: '/access-keys', id: 'createAccessKey', tag: 'Access', about: 'Makes an access key; its secret is shown this once', body: createSchema, answers: { 201: answer.accessKeyAnswer.extend({ secretAccessKey: z.string() }) }, errors: [415] },
  { method: 'delete', path: '/access-keys/{id}', id: 'deleteAccessKey', tag: 'Access', about: 'Takes an access key away', answers: { 204: null } },
  { method: 'get', path: '/cluster', id: 'getCluster', tag: 'The mesh', about: 'The mesh as this edge sees it', answers: { 200: answer.clusterAnswer }, errors: [503], open: true },
  { method: 'get', path: '/events', id: 'followEvents', tag: 'The mesh', about: 'The mesh as it changes: server-sent events, snapshot and invocation', answers: { 200: z.string() }, contentType: 'text/event-stream', errors: [503], open: true },
  { method: 'get', path: '/history', id: 'getHistory', tag: 'The mesh', about: 'What happened: joins, losses, deploys', answers: { 200: z.looseObject({ history: z.array(z.looseObject({})) }) } },
  { method: 'get', path: '/healthz', id: 'getHealth', tag: 'The mesh', about: 'Whether this edge takes requests', answers: { 200: answer.healthAnswer, 503: answer.healthAnswer }, open: true },
  { method: 'get', path: '/metrics', id: 'getMetrics', tag: 'The mesh', about: "This edge's metrics, for Prometheus", answers: { 200: z.string() }, contentType: 'text/plain' },
  { method: 'post', path: '/drain', id: 'drain', tag: 'The mesh', about: 'Takes this edge out of service', body: ignored, answers: { 200: z.looseObject({ state: z.string() }) }, errors: [415] },
  { method: 'post', path: '/undrain', id: 'undrain', tag: 'The mesh', about: 'Puts this edge back into service', body: ignored, answers: { 200: z.looseObject({ state: z.string() }) }, errors: [415] },
  { method: 'post', path: '/edges/{edge}/drain', id: 'drainEdge', tag: 'The mesh', about: 'Takes an edge out of service, asked on any', body: ignored, answers: { 200: z.looseObject({ state: z.string() }) }, errors: [415, 502, 504] },
  { method: 'post', path: '/edges/{edge}/leave', id: 'leaveEdge', tag: 'The mesh', about: 'Takes an edge out of service, stops it, and has the others forget it; asked on any', body: ignored, answers: { 200: z.looseObject({ state: z.string() }) }, errors: [415, 502, 504] },
  { method: 'post', path: '/edges/{edge}/undrain', id: 'undrainEdge', tag: 'The mesh', about: 'Puts an edge back into service, asked on any', body: ignored, answers: { 200: z.looseObject({ state: z.string() }) }, errors: [415, 502, 504] },
  { method: 'get', path: '/cluster/keys', id: 'listClusterKeys', tag: 'The mesh', about: 'Names of the cluster keys that are accepted', answers: { 200: z.looseObject({ keyIds: z.array(z.string()) }) } },
  { method: 'post', path: '/cluster/keys/rotate', id: 'rotateClusterKey', tag: 'The mesh', about: 'Makes a new cluster key on every connected edge', body: ignored, answers: { 200: answer.toldAnswer }, errors: [415] },
  { method: 'post', path: '/cluster/keys/retire', id: 'retireClusterKey', tag: 'The mesh', about: 'Accepts the current cluster key only', body: ignored, answers: { 200: answer.toldAnswer }, errors: [415] },
  { method: 'get', path: '/cluster/revocations', id: 'listRevocations', tag: 'The mesh', about: 'Edges that belong to the cluster no more', answers: { 200: z.looseObject({ revocations: z.array(z.looseObject({ id: z.string(), name: z.string() })) }) } },
  { method: 'post', path: '/cluster/revocations', id: 'revokeEdge', tag: 'The mesh', about: 'Shuts an edge out for good', body: revokeSchema, answers: { 200: answer.toldAnswer }, errors: [415] },
  { method: 'get', path: '/limits', id: 'getLimits', tag: 'This API', about: 'Every limit of a function', answers: { 200: z.looseObject({ limits: z.record(z.string(), answer.limitAnswer) }) } },
  { method: 'get', path: '/openapi.json', id: 'getOpenApi', tag: 'This API', about: 'This document', answers: { 200: z.looseObject({ openapi: z.string() }) } },
  { method: 'get', path: '/swarmlambda.schema.json', id: 'getProjectSchema', tag: 'This API', about: 'JSON schema of swarmlambda.json', answers: { 200: z.looseObject({}) } },
]
