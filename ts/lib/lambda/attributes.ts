// What the API keeps beside a function: URLs, event invoke configurations, tags, reserved concurrency, runtime updates.
import { createHash } from 'node:crypto'
import { empty, json } from '../api/requests.js'
import { SwarmError } from '../errors.js'
import type { ControlResponse } from '../native.js'
import { isItem, type ItemRecord } from '../registry/record.js'
import { runtimeVersionArn } from './configuration.js'
import * as context from './context.js'
import type { Call } from './context.js'
import type { Reference } from '../api/names.js'
import { concurrency, eventInvoke, parse, runtimeManagement, tagging, urlConfig, urlUpdate } from './shapes.js'

type Value = Record<string, unknown>

/** Some lists take no larger `MaxItems`. */
const MAX_ITEMS = 50

const missing = (message = 'The resource you requested does not exist.'): SwarmError => new SwarmError('NOT_FOUND', message)

/** The reference of a call whose function (and qualifier) exists. */
function existing(call: Call): Reference {
  const reference = context.referenceOf(call)
  context.resolve(call, reference)
  return reference
}

/** All of one kind that a function has, of any qualifier. */
const allOf = (call: Call, name: string, what: string): ItemRecord[] =>
  call.registry.parts(name).filter((part): part is ItemRecord => isItem(part) && part.name.startsWith(`${name}!${what}:`))

const qualifierOf = (item: ItemRecord): string => item.name.slice(item.name.lastIndexOf(':') + 1)

// Function URLs

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'

/** The same on every edge, and for as long as the name is. */
export const urlIdOf = (name: string, qualifier: string): string =>
  [...createHash('sha256').update(`${name}:${qualifier}`).digest()].map((byte) => LETTERS[byte % 32]).join('')

function shownUrl(call: Call, name: string, item: ItemRecord): Value {
  const qualifier = qualifierOf(item)
  const [, scheme, port = ''] = /^(https?):.*?(:\d+)?$/.exec(call.origin) ?? []
  return {
    FunctionUrl: `${scheme}://${urlIdOf(name, qualifier)}.lambda-url.${call.arns.region}.${call.zone}${port}/`,
    FunctionArn: call.arns.function(name, qualifier === '$LATEST' ? null : qualifier),
    ...item.value,
    CreationTime: new Date(item.createdAt).toISOString(),
    LastModifiedTime: new Date(item.lastModified).toISOString(),
  }
}

function urlOf(call: Call): { name: string; item: ItemRecord } {
  const { name, qualifier } = existing(call)
  const item = context.attributeOf(call, name, 'url', qualifier)
  if (item === null) throw missing()
  return { name, item }
}

export async function createUrl(call: Call): Promise<ControlResponse> {
  const { name, qualifier } = existing(call)
  if (qualifier !== null && context.isVersion(qualifier)) throw new SwarmError('INVALID_PARAMETER', 'Qualifier: a function URL is of the function or of an alias')
  if (context.attributeOf(call, name, 'url', qualifier)) throw new SwarmError('CONFLICT', `Failed to create function url config for [functionArn = ${call.arns.function(name, qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`)
  const { AuthType, Cors, InvokeMode } = parse(urlConfig, call.request.body)
  const item = await context.putAttribute(call, name, 'url', qualifier, { AuthType, InvokeMode, ...(Cors && Object.keys(Cors).length > 0 ? { Cors } : {}) })
  return json(201, shownUrl(call, name, item))
}

export function getUrl(call: Call): ControlResponse {
  const { name, item } = urlOf(call)
  return json(200, shownUrl(call, name, item))
}

export async function updateUrl(call: Call): Promise<ControlResponse> {
  const { name, item } = urlOf(call)
  const { AuthType, Cors, InvokeMode } = parse(urlUpdate, call.request.body)
  const { Cors: before, ...kept } = item.value
  // An empty one takes back what was there.
  const cors = Cors ?? before
  const value = { ...kept, ...(AuthType ? { AuthType } : {}), ...(InvokeMode ? { InvokeMode } : {}), ...(cors && Object.keys(cors).length > 0 ? { Cors: cors } : {}) }
  return json(200, shownUrl(call, name, await context.putAttribute(call, name, 'url', qualifierOf(item), value)))
}

export async function deleteUrl(call: Call): Promise<ControlResponse> {
  await call.registry.publish({ type: 'delete', name: urlOf(call).item.name })
  return empty(204)
}

export function listUrls(call: Call): ControlResponse {
  const { name } = existing(call)
  const { items, next } = context.page(call, allOf(call, name, 'url'), (item) => item.name, MAX_ITEMS)
  return json(200, { FunctionUrlConfigs: items.map((item) => shownUrl(call, name, item)), ...next })
}

// Event invoke configurations

const shownEvents = (call: Call, name: string, item: ItemRecord): Value => ({
  // A number of seconds in this one.
  LastModified: item.lastModified / 1_000,
  FunctionArn: call.arns.function(name, qualifierOf(item)),
  ...item.value,
})

function eventsOf(call: Call): { name: string; qualifier: string | null; item: ItemRecord } {
  const { name, qualifier } = existing(call)
  const item = context.attributeOf(call, name, 'events', qualifier)
  if (item === null) throw missing(`The function ${call.arns.function(name, qualifier ?? '$LATEST')} doesn't have an EventInvokeConfig`)
  return { name, qualifier, item }
}

const eventsFrom = (call: Call): Value => {
  const { DestinationConfig, MaximumEventAgeInSeconds, MaximumRetryAttempts } = parse(eventInvoke, call.request.body)
  for (const [field, value] of Object.entries(DestinationConfig ?? {})) {
    const destination = value?.Destination
    if (destination && !/^arn:aws[a-zA-Z-]*:lambda:/.test(destination)) {
      throw new SwarmError('INVALID_PARAMETER', `DestinationConfig.${field}.Destination: ${destination} must be the ARN of a function: other services are not part of a mesh`)
    }
    if (destination && !isThere(call, context.parseReference(destination))) throw new SwarmError('INVALID_PARAMETER', `DestinationConfig.${field}.Destination: there is no function ${destination}`)
  }
  return {
    ...(MaximumRetryAttempts === undefined ? {} : { MaximumRetryAttempts }),
    ...(MaximumEventAgeInSeconds === undefined ? {} : { MaximumEventAgeInSeconds }),
    ...(DestinationConfig ? { DestinationConfig: { OnSuccess: {}, OnFailure: {}, ...DestinationConfig } } : {}),
  }
}

const isThere = (call: Call, reference: Reference): boolean => {
  try {
    context.resolve(call, reference)
    return true
  } catch {
    return false
  }
}

export async function putEvents(call: Call): Promise<ControlResponse> {
  const { name, qualifier } = existing(call)
  const value = { DestinationConfig: { OnSuccess: {}, OnFailure: {} }, ...eventsFrom(call) }
  return json(200, shownEvents(call, name, await context.putAttribute(call, name, 'events', qualifier, value)))
}

export async function updateEvents(call: Call): Promise<ControlResponse> {
  const { name, qualifier, item } = eventsOf(call)
  const value = { ...item.value, ...eventsFrom(call) }
  return json(200, shownEvents(call, name, await context.putAttribute(call, name, 'events', qualifier, value)))
}

export function getEvents(call: Call): ControlResponse {
  const { name, item } = eventsOf(call)
  return json(200, shownEvents(call, name, item))
}

export async function deleteEvents(call: Call): Promise<ControlResponse> {
  await call.registry.publish({ type: 'delete', name: eventsOf(call).item.name })
  return empty(204)
}

export function listEvents(call: Call): ControlResponse {
  const { name } = existing(call)
  const { items, next } = context.page(call, allOf(call, name, 'events'), (item) => item.name, MAX_ITEMS)
  return json(200, { FunctionEventInvokeConfigs: items.map((item) => shownEvents(call, name, item)), ...next })
}

// Tags, which are a function's and no version's

function tagsOf(call: Call): { name: string; tags: Value } {
  const { name } = existing(call)
  return { name, tags: context.attributeOf(call, name, 'tags')?.value ?? {} }
}

export const listTags = (call: Call): ControlResponse => json(200, { Tags: tagsOf(call).tags })

export async function tag(call: Call): Promise<ControlResponse> {
  const { name, tags } = tagsOf(call)
  const all = { ...tags, ...parse(tagging, call.request.body).Tags }
  if (Object.keys(all).length > 50) throw new SwarmError('INVALID_PARAMETER', 'Tags: at most 50 tags')
  await context.putAttribute(call, name, 'tags', null, all)
  return empty(204)
}

export async function untag(call: Call): Promise<ControlResponse> {
  const { name, tags } = tagsOf(call)
  const gone = new Set(call.request.query.getAll('tagKeys'))
  await context.putAttribute(call, name, 'tags', null, Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))))
  return empty(204)
}

// Reserved concurrency, which the engine is told of with the configuration

const withoutQualifier = (call: Call): string => {
  const { name, qualifier } = existing(call)
  if (qualifier !== null) throw new SwarmError('INVALID_PARAMETER', 'This operation does not take a version or an alias: reserved concurrency is of the function')
  return name
}

async function setConcurrency(call: Call, value: number | null): Promise<void> {
  const from = context.latestOf(call, withoutQualifier(call))
  const record = await call.registry.copy({ type: 'copy', name: from.name, from, config: { ...from.config, concurrency: value } })
  await call.waitForHolders(record)
}

export async function putConcurrency(call: Call): Promise<ControlResponse> {
  const { ReservedConcurrentExecutions } = parse(concurrency, call.request.body)
  await setConcurrency(call, ReservedConcurrentExecutions)
  return json(200, { ReservedConcurrentExecutions })
}

export function getConcurrency(call: Call): ControlResponse {
  const value = context.latestOf(call, withoutQualifier(call)).config['concurrency']
  return json(200, typeof value === 'number' ? { ReservedConcurrentExecutions: value } : {})
}

export async function deleteConcurrency(call: Call): Promise<ControlResponse> {
  await setConcurrency(call, null)
  return empty(204)
}

// Runtime updates: there is one runtime, so what is asked is kept and nothing follows

function shownRuntime(call: Call, { name, qualifier }: Reference, value: Value): Value {
  const { RuntimeVersionArn, UpdateRuntimeOn } = value
  return {
    UpdateRuntimeOn,
    FunctionArn: call.arns.function(name, qualifier ?? '$LATEST'),
    ...(UpdateRuntimeOn === 'Manual' ? { RuntimeVersionArn: RuntimeVersionArn ?? runtimeVersionArn(call.arns.region) } : {}),
  }
}

export async function putRuntime(call: Call): Promise<ControlResponse> {
  const reference = existing(call)
  const { RuntimeVersionArn, UpdateRuntimeOn } = parse(runtimeManagement, call.request.body)
  const { value } = await context.putAttribute(call, reference.name, 'runtime', reference.qualifier, { UpdateRuntimeOn, ...(RuntimeVersionArn ? { RuntimeVersionArn } : {}) })
  return json(200, shownRuntime(call, reference, value))
}

export function getRuntime(call: Call): ControlResponse {
  const reference = existing(call)
  const item = context.attributeOf(call, reference.name, 'runtime', reference.qualifier)
  return json(200, shownRuntime(call, reference, item?.value ?? { UpdateRuntimeOn: 'Auto' }))
}
