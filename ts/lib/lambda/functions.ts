// Functions and their versions: create, get, list, update, delete, publish.
import { createHash } from 'node:crypto'
import { empty, json } from '../api/requests.js'
import { covers } from '../api/grants.js'
import { parseDeploy, parseName, type Deploy } from '../api/schemas.js'
import { SwarmError } from '../errors.js'
import type { ControlResponse } from '../native.js'
import { qualifiedKey } from '../registry/parts.js'
import type { FunctionConfig, FunctionRecord } from '../registry/record.js'
import { archiveOf } from '../bundle.js'
import { codeSha256Of, configurationOf, storedOf, type Stored } from './configuration.js'
import * as context from './context.js'
import type { Call } from './context.js'
import { keptSchema, parse, createFunction, publishVersion, updateCode, updateConfiguration, type Settings } from './shapes.js'

const MAX_ZIP_BYTES = 50 * 1024 * 1024

const refuse = (message: string): never => {
  throw new SwarmError('INVALID_PARAMETER', message)
}

export async function create(call: Call): Promise<ControlResponse> {
  const body = parse(createFunction, call.request.body)
  const { name, qualifier } = context.parseReference(body.FunctionName)
  if (qualifier !== null) refuse(`FunctionName: ${body.FunctionName} must not name a version`)
  if (body.PackageType === 'Image' || body.Code.ImageUri) refuse('PackageType: container images are not supported: send a ZIP in Code.ZipFile')
  if (!body.Runtime || !body.Handler) refuse('Runtime and Handler are mandatory parameters for functions created with deployment packages.')
  if (body.CodeSigningConfigArn) refuse('CodeSigningConfigArn: code signing is not supported')
  if (call.registry.get(name) !== null) throw new SwarmError('CONFLICT', `Function already exist: ${name}`)
  const zip = zipOf(body.Code)
  const deploy = deployOf(name, body, null, zip)
  const built = await call.functions.build(deploy)
  // What a function of this name left behind, or another edge wrote while it was deleted here.
  for (const part of call.registry.parts(name)) if (!part.deleted) await call.registry.publish({ type: 'delete', name: part.name })
  const record = await call.registry.publish({ type: 'put', name, config: deploy.config, ...built, archive: zip, lambda: { ...storable(body), ...digestOf(zip) } })
  if (body.Tags) await context.putAttribute(call, name, 'tags', null, body.Tags)
  return await answer(call, name, record, body.Publish === true, 201)
}

export function get(call: Call): ControlResponse {
  const reference = context.referenceOf(call)
  const { record, version } = context.resolve(call, reference)
  const tags = context.attributeOf(call, reference.name, 'tags')?.value
  const reserved = call.registry.get(reference.name)?.config['concurrency']
  const path = `/2015-03-31/functions/${reference.name}/code`
  return json(200, {
    Configuration: configurationOf(record, { ...reference, version }, call.arns),
    Code: { RepositoryType: 'S3', Location: call.origin + call.linkTo(path, version) },
    ...(tags && Object.keys(tags).length > 0 ? { Tags: tags } : {}),
    ...(typeof reserved === 'number' ? { Concurrency: { ReservedConcurrentExecutions: reserved } } : {}),
  })
}

/** Where `Code.Location` leads: the ZIP that was sent, or one made of the bundle. */
export async function code(call: Call): Promise<ControlResponse> {
  const { record } = context.resolve(call, context.referenceOf(call))
  const zip = record.archive ? await call.registry.blob(record.archive) : await archiveOf({ 'index.mjs': await call.registry.blob(record.source) })
  return { status: 200, headers: ['content-type', 'application/zip'], body: zip }
}

export function configuration(call: Call): ControlResponse {
  const reference = context.referenceOf(call)
  const { record, version } = context.resolve(call, reference)
  return json(200, configurationOf(record, { ...reference, version }, call.arns))
}

export function list(call: Call): ControlResponse {
  const which = call.request.query.get('FunctionVersion')
  if (which !== null && which !== 'ALL') refuse(`1 validation error detected: Value '${which.slice(0, 20)}' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]`)
  const all = call.registry.list().filter(({ name }) => covers(call.request.grant, name)).flatMap((record) => {
    const latest = { record, shown: { name: record.name, version: '$LATEST', qualifier: null as string | null } }
    if (which === null) return [latest]
    return [{ ...latest, shown: { ...latest.shown, qualifier: '$LATEST' } }, ...shownVersions(call, record.name)]
  })
  const { items, next } = context.page(call, all, ({ shown }) => context.versionKey(shown.name, shown.version))
  return json(200, { Functions: items.map(({ record, shown }) => configurationOf(record, shown, call.arns)), ...next })
}

const shownVersions = (call: Call, name: string) =>
  context.versionsOf(call, name).map(({ number, record }) => ({ record, shown: { name, version: String(number), qualifier: String(number) } }))

export async function changeCode(call: Call): Promise<ControlResponse> {
  const { name } = context.referenceOf(call)
  const before = context.latestOf(call, name)
  const body = parse(updateCode, call.request.body)
  context.checkRevision(body.RevisionId, before.revisionId)
  if (body.ImageUri) refuse('ImageUri: container images are not supported: send a ZIP in ZipFile')
  const zip = zipOf(body)
  const deploy = { name, code: { zip }, config: before.config }
  const built = await call.functions.build(deploy)
  const lambda = { ...storedOf(before), ...(body.Architectures ? { Architectures: body.Architectures } : {}), ...digestOf(zip) }
  if (body.DryRun === true) {
    return json(200, configurationOf({ ...before, lambda }, { name, version: '$LATEST', qualifier: null }, call.arns))
  }
  const record = await call.registry.publish({ type: 'put', name, config: before.config, ...built, archive: zip, lambda })
  return await answer(call, name, record, body.Publish === true, 200)
}

export async function changeConfiguration(call: Call): Promise<ControlResponse> {
  const { name } = context.referenceOf(call)
  const before = context.latestOf(call, name)
  const body = parse(updateConfiguration, call.request.body)
  context.checkRevision(body.RevisionId, before.revisionId)
  const lambda = { ...storedOf(before), ...storable(body) }
  const { config } = deployOf(name, body, before.config, null)
  let record: FunctionRecord
  if (config.handler === before.config.handler) {
    // Its code may read the environment while it loads: what does not load is not published.
    const sourceMap = before.sourceMap && (await call.registry.blob(before.sourceMap))
    await call.engine.check(call.specOf(name, config, sourceMap?.toString() ?? null), await call.registry.blob(before.module))
    record = await call.registry.copy({ type: 'copy', name, from: before, config, lambda })
  } else {
    if (!before.archive) throw new SwarmError('INVALID_PARAMETER', 'Handler: the files of this function were not kept: send its code again with the new handler')
    const archive = await call.registry.blob(before.archive)
    const built = await call.functions.build({ name, code: { zip: archive }, config })
    record = await call.registry.publish({ type: 'put', name, config, ...built, archive, lambda })
  }
  return await answer(call, name, record, false, 200)
}

export async function remove(call: Call): Promise<ControlResponse> {
  const reference = context.referenceOf(call)
  const { name, qualifier } = reference
  context.latestOf(call, name)
  if (qualifier === null) {
    await call.registry.publish({ type: 'delete', name })
    for (const part of call.registry.parts(name)) if (!part.deleted) await call.registry.publish({ type: 'delete', name: part.name })
    return deleted
  }
  if (qualifier === '$LATEST') refuse('$LATEST version cannot be deleted without deleting the function.')
  if (!context.isVersion(qualifier)) refuse('Deletion of aliases is not currently supported: use DeleteAlias')
  const key = qualifiedKey(name, qualifier)
  if (call.registry.get(key) === null) throw context.notFound(call, reference)
  const users = context.aliasesOf(call, name).filter(({ value }) => pointsAt(value as unknown as context.Alias, qualifier))
  if (users.length > 0) {
    throw new SwarmError('CONFLICT', `Version ${qualifier} is in use by: ${users.map((alias) => alias.name.slice(name.length + 1)).join(', ')}`)
  }
  await call.registry.publish({ type: 'delete', name: key })
  return deleted
}

/** The one deletion whose modelled status is not 204. */
const deleted = empty(200)

const pointsAt = ({ FunctionVersion, RoutingConfig }: context.Alias, version: string): boolean =>
  FunctionVersion === version || Object.hasOwn(RoutingConfig?.AdditionalVersionWeights ?? {}, version)

export async function publish(call: Call): Promise<ControlResponse> {
  const { name } = context.referenceOf(call)
  const latest = context.latestOf(call, name)
  const body = parse(publishVersion, call.request.body)
  context.checkRevision(body.RevisionId, latest.revisionId)
  const current = codeSha256Of(latest)
  if (body.CodeSha256 !== undefined && body.CodeSha256 !== '' && body.CodeSha256 !== current) {
    refuse(`CodeSHA256 (${body.CodeSha256}) is different from current CodeSHA256 in $LATEST (${current}). Please try again with the CodeSHA256 in $LATEST.`)
  }
  const { record, version } = await versionFrom(call, name, latest, body.Description)
  return json(201, configurationOf(record, { name, version, qualifier: version }, call.arns))
}

export function versions(call: Call): ControlResponse {
  const { name } = context.referenceOf(call)
  const latest = { record: context.latestOf(call, name), shown: { name, version: '$LATEST', qualifier: '$LATEST' } }
  const { items, next } = context.page(call, [latest, ...shownVersions(call, name)], ({ shown }) => context.versionKey(name, shown.version))
  return json(200, { Versions: items.map(({ record, shown }) => configurationOf(record, shown, call.arns)), ...next })
}

/** A new version of what `$LATEST` is, or the newest one when nothing changed since. */
async function versionFrom(call: Call, name: string, latest: FunctionRecord, description?: string): Promise<{ record: FunctionRecord; version: string }> {
  const newest = context.versionsOf(call, name).at(-1)
  if (newest && fingerprint(newest.record) === fingerprint(latest)) return { record: newest.record, version: String(newest.number) }
  const version = String(context.nextVersion(call, name))
  const config = { ...latest.config, ...(description ? { description } : {}) }
  return { record: await call.registry.copy({ type: 'copy', name: qualifiedKey(name, version), from: latest, config }), version }
}

/** What a version freezes: code and configuration, without what is the function's as a whole. */
const fingerprint = ({ codeSha256, config, lambda }: FunctionRecord): string =>
  canonical({ codeSha256, config: { ...config, description: null, concurrency: null }, lambda })

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )

async function answer(call: Call, name: string, record: FunctionRecord, isPublished: boolean, status: number): Promise<ControlResponse> {
  await call.waitForHolders(record)
  if (!isPublished) return json(status, configurationOf(record, { name, version: '$LATEST', qualifier: null }, call.arns))
  const published = await versionFrom(call, name, record)
  return json(status, configurationOf(published.record, { name, version: published.version, qualifier: published.version }, call.arns))
}

function zipOf({ ImageUri, S3Bucket, ZipFile }: { ZipFile?: string | undefined; S3Bucket?: string | undefined; ImageUri?: string | undefined }): Buffer {
  if (S3Bucket ?? ImageUri) refuse('There is no S3 and no image registry here: send the code itself in ZipFile')
  const zip = Buffer.from(ZipFile ?? '', 'base64')
  if (zip.length === 0) refuse('Please provide a source for function code: ZipFile')
  if (zip.length > MAX_ZIP_BYTES) throw new SwarmError('TOO_LARGE', `Request must be smaller than ${MAX_ZIP_BYTES} bytes for the CreateFunction operation`)
  return zip
}

const digestOf = (zip: Buffer) => ({ CodeSha256: createHash('sha256').update(zip).digest('base64'), CodeSize: zip.length })

/** What is kept of a body; `{}` and empty ARNs take back. */
const storable = (body: Settings): Stored => keptSchema.parse(body)

/** A deploy of what the body says, over what was before; checked as one of `POST /functions` is. */
function deployOf(name: string, body: Settings, before: FunctionConfig | null, zip: Buffer | null): Deploy {
  if (body.Layers && body.Layers.length > 0) refuse('Layers: layers are not supported: put their files into the ZIP')
  if (body.DeadLetterConfig?.TargetArn) refuse('DeadLetterConfig: there is no SQS and no SNS here: events that are given up are kept on the edges (GET /dead-letters)')
  if (body.FileSystemConfigs && body.FileSystemConfigs.length > 0) refuse('FileSystemConfigs: file systems are not supported')
  if (body.ImageConfig && Object.keys(body.ImageConfig).length > 0) refuse('ImageConfig: container images are not supported')
  if (body.VpcConfig && [...(body.VpcConfig.SubnetIds ?? []), ...(body.VpcConfig.SecurityGroupIds ?? [])].length > 0) refuse('VpcConfig: there are no VPCs here')
  if (body.Timeout !== undefined && (!Number.isInteger(body.Timeout) || body.Timeout < 1)) refuse(`Timeout: ${body.Timeout} must be a whole number of seconds, at least 1`)
  const given = Object.entries({ handler: body.Handler, description: body.Description, timeout: body.Timeout, memorySize: body.MemorySize, environment: body.Environment?.Variables })
  const changes = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  const checked = parseDeploy(Buffer.from(JSON.stringify({ name: parseName(name), files: { 'index.js': '' }, ...changes })))
  const config = before === null ? checked.config : { ...before, ...Object.fromEntries(Object.keys(changes).map((key) => [key, checked.config[key]])) }
  return { name, code: zip === null ? { files: {} } : { zip }, config }
}
