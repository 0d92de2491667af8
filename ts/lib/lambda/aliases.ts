// Aliases: names for a version, or for two by weight.
import { empty, json } from '../api/requests.js'
import { SwarmError } from '../errors.js'
import type { ControlResponse } from '../native.js'
import { qualifiedKey } from '../registry/parts.js'
import type { ItemRecord } from '../registry/record.js'
import * as context from './context.js'
import type { Alias, Call } from './context.js'
import { createAlias, parse, updateAlias } from './shapes.js'

function shown({ arns }: Call, name: string, item: ItemRecord): Record<string, unknown> {
  const alias = item.name.slice(name.length + 1)
  const { Description, FunctionVersion, RoutingConfig } = item.value as unknown as Alias
  return {
    AliasArn: arns.function(name, alias),
    Name: alias,
    FunctionVersion,
    Description,
    ...(RoutingConfig ? { RoutingConfig } : {}),
    RevisionId: item.revisionId,
  }
}

function find(call: Call): { name: string; item: ItemRecord } {
  const { name } = context.referenceOf(call)
  const alias = call.params[1] ?? ''
  context.latestOf(call, name)
  const item = call.registry.item(qualifiedKey(name, alias))
  if (item === null) throw new SwarmError('NOT_FOUND', `Cannot find alias arn: ${call.arns.function(name, alias)}`)
  return { name, item }
}

/** The alias with its weights checked, or `INVALID_PARAMETER`; no weights are the same as none given. */
function valid(call: Call, name: string, { Description, FunctionVersion, RoutingConfig }: Omit<Alias, 'RoutingConfig'> & { RoutingConfig: Alias['RoutingConfig'] | undefined }): Alias {
  context.resolve(call, { name, qualifier: FunctionVersion })
  const weights = Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {})
  if (weights.length > 1) throw new SwarmError('INVALID_PARAMETER', 'Number of items in AdditionalVersionWeights cannot be greater than 1')
  for (const [version] of weights) {
    if (FunctionVersion === '$LATEST') throw new SwarmError('INVALID_PARAMETER', '$LATEST is not supported for an alias pointing to more than 1 version')
    if (version === FunctionVersion) throw new SwarmError('INVALID_PARAMETER', `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`)
    context.resolve(call, { name, qualifier: version })
  }
  return { FunctionVersion, Description, ...(weights.length > 0 ? { RoutingConfig: { AdditionalVersionWeights: Object.fromEntries(weights) } } : {}) }
}

export async function create(call: Call): Promise<ControlResponse> {
  const { name } = context.referenceOf(call)
  context.latestOf(call, name)
  const { Name, Description, FunctionVersion, RoutingConfig } = parse(createAlias, call.request.body)
  const key = qualifiedKey(name, Name)
  if (call.registry.item(key) !== null) throw new SwarmError('CONFLICT', `Alias already exists: ${call.arns.function(name, Name)}`)
  const value = valid(call, name, { FunctionVersion, Description, RoutingConfig })
  return json(201, shown(call, name, await call.registry.put({ type: 'item', name: key, value: { ...value } })))
}

export function get(call: Call): ControlResponse {
  const { name, item } = find(call)
  return json(200, shown(call, name, item))
}

export function list(call: Call): ControlResponse {
  const { name } = context.referenceOf(call)
  context.latestOf(call, name)
  const version = call.request.query.get('FunctionVersion')
  const all = context.aliasesOf(call, name).filter(({ value }) => version === null || value['FunctionVersion'] === version)
  const { items, next } = context.page(call, all, (item) => item.name)
  return json(200, { Aliases: items.map((item) => shown(call, name, item)), ...next })
}

export async function update(call: Call): Promise<ControlResponse> {
  const { name, item } = find(call)
  const body = parse(updateAlias, call.request.body)
  context.checkRevision(body.RevisionId, item.revisionId)
  const before = item.value as unknown as Alias
  const value = valid(call, name, {
    FunctionVersion: body.FunctionVersion ?? before.FunctionVersion,
    Description: body.Description ?? before.Description,
    RoutingConfig: body.RoutingConfig ?? before.RoutingConfig,
  })
  return json(200, shown(call, name, await call.registry.put({ type: 'item', name: item.name, value: { ...value } })))
}

/** Also when there is none. */
export async function remove(call: Call): Promise<ControlResponse> {
  const { name } = context.referenceOf(call)
  context.latestOf(call, name)
  const item = call.registry.item(qualifiedKey(name, call.params[1] ?? ''))
  if (item !== null) await call.registry.publish({ type: 'delete', name: item.name })
  return empty(204)
}
