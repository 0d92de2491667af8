// One edge, composed: key → identity → engine → mesh → registry → functions → gateway → what others are told.
// Opened in that order, closed in reverse; the gateway drains while the mesh is still there.
import { EventEmitter } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { stop as stopEsbuild } from 'esbuild'
import { openAcme } from './acme/acme.js'
import { openChallenges } from './acme/challenges.js'
import { openControl, RESERVED_SEGMENTS } from './api/control.js'
import { parseReference } from './api/names.js'
import { openObservationRoutes } from './api/observations.js'
import { openRoutes } from './api/routes.js'
import { openFunctions } from './api/functions.js'
import { tryListening, urlOf } from './addresses.js'
import { linkTo } from './api/links.js'
import { openAccessKeys } from './api/access-keys.js'
import { openCertificates } from './certificates.js'
import { openGuards } from './api/guards.js'
import { loadIdentity, openKeyring } from './cluster.js'
import { listenError, type EdgeConfig, type ZoneConfig } from './config.js'
import { openStack } from './disposal.js'
import { openPlaces } from './dns/places.js'
import { openDns } from './dns/server.js'
import { readAssets } from './edge/assets.js'
import { openDnsFleet } from './edge/dns-fleet.js'
import { openBroadcasts, type Broadcasts } from './edge/broadcasts.js'
import { openChaos } from './edge/chaos.js'
import { openCommands } from './edge/commands.js'
import { openDrain, type Drain } from './edge/drain.js'
import { holdersOf, placedOn, waitForHolders, watchPlaces } from './edge/holders.js'
import { openEventInvocations } from './edge/event-invocations.js'
import { functionMemoryMb, memoryBytes } from './edge/machine.js'
import { openMembership } from './edge/membership.js'
import { openHistory } from './edge/history.js'
import { openMisses } from './edge/misses.js'
import { openOnce } from './edge/once.js'
import { openSites } from './edge/sites.js'
import { awsRegion, specOf } from './edge/spec.js'
import { openSync } from './edge/sync.js'
import { messageOf, SwarmError } from './errors.js'
import type { Log } from './log.js'
import { openMetrics } from './metrics.js'
import { allowsUrl } from './lambda/policy.js'
import { openLambda } from './lambda/routes.js'
import { engineCache, openNative, type Certificate, type HttpsOptions } from './native.js'
import { attributeKey } from './registry/parts.js'
import { openObservations } from './observe/observations.js'
import { openMesh } from './p2p/mesh.js'
import { openApiDocument } from './openapi/document.js'
import { projectJsonSchema } from './project/schema.js'
import { openRegistry, type Broken } from './registry/registry.js'
import { createSealer } from './registry/sealer.js'
import { openStore } from './registry/store.js'
import { openClaims, openScheduleApi, openSchedules } from './schedules.js'
import type { Placement } from './router.js'
import { VERSION } from './version.js'

export interface Edge extends AsyncDisposable {
  /** Where the gateway listens. */
  readonly url: string
  /** Takes what of the configuration may change while it runs, and reads its files again: certificates, places. Throws CONFIG_INVALID. */
  reload(config: EdgeConfig): Promise<void>
  /** Resolves when this edge has to be closed and opened again. */
  readonly broken: Promise<Broken>
}

export interface EdgeOptions {
  config: EdgeConfig
  log: Log
  /** A line for whoever started the edge. */
  say: (line: string) => void
}

/** Resolves when it serves: everything its registry knew is loaded, peers or not. */
export async function openEdge({ config, log, say }: EdgeOptions): Promise<Edge> {
  const stack = openStack()
  let onBroken = (_broken: Broken): void => undefined
  const broken = new Promise<Broken>((resolve) => {
    onBroken = resolve
  })
  try {
    const { url, reload } = await open({ config, log, say }, stack, onBroken)
    return { url, reload, broken, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() }
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch((reason: unknown) => log.warn('closing after a failed start', { error: messageOf(reason) }))
    throw error
  }
}

async function open({ config, log, say }: EdgeOptions, stack: ReturnType<typeof openStack>, broken: (why: Broken) => void): Promise<Pick<Edge, 'url' | 'reload'>> {
  const { clusterId, nodeName, region, stateDir } = config
  const place = { name: nodeName, region }
  let { hosts } = config
  const startedAt = Date.now()
  let drain: Drain | null = null
  const isDraining = (): boolean => drain?.isDraining() ?? false
  let broadcasts: Broadcasts | null = null
  let queued: () => { waiting: number; dead: number } | null = () => null
  let failedOrders = (): number => 0
  let aside: () => ReadonlyMap<string, string> = () => new Map()

  await mkdir(stateDir, { recursive: true }).catch((cause: unknown) => {
    throw new SwarmError('CONFIG_INVALID', `SWARMLAMBDA_STATE_DIR ${JSON.stringify(stateDir)} is no directory this process can write to: ${messageOf(cause)}`, { cause })
  })
  // Before anybody is told of this edge; the gateway itself opens last.
  await tryListening(config.httpHost, config.httpPort).catch((error: unknown) => {
    throw listenError(error, { host: config.httpHost, port: config.httpPort, hostVariable: 'SWARMLAMBDA_HTTP_HOST', portVariable: 'SWARMLAMBDA_HTTP_PORT' })
  })
  if (config.https) {
    const { host, port } = config.https
    await tryListening(host, port).catch((error: unknown) => {
      throw listenError(error, { host, port, hostVariable: 'SWARMLAMBDA_HTTPS_HOST', portVariable: 'SWARMLAMBDA_HTTPS_PORT' })
    })
  }
  const keyring = stack.use(await openKeyring(config, log))
  const identity = await loadIdentity(stateDir, log)
  const store = await openStore(stateDir, log)
  stack.defer(() => store.close())

  const engine = await openNative({
    edge: nodeName,
    region,
    cacheDir: engineCache(stateDir),
    threads: config.threads,
    slots: config.slots,
    maxMemoryMb: config.maxMemoryMb ?? functionMemoryMb(memoryBytes()),
    maxConnections: config.maxConnections,
  })
  stack.defer(() => engine.close(0))
  const { fromCache, maxMemoryMb, pagemapScan, slots, threads } = engine.info()
  say(`engine: ${slots} sandboxes of up to ${maxMemoryMb} MB, ${threads} thread${threads === 1 ? '' : 's'}${fromCache ? '' : ', plugin compiled'}`)
  if (!pagemapScan) say('engine: this kernel has no pagemap_scan (Linux 6.7): sandboxes are several times slower')

  const shown: { files: Certificate[]; issued: Certificate[] } = { files: [], issued: [] }
  const install = (next: Partial<typeof shown>): void => {
    const { files, issued } = { ...shown, ...next }
    engine.setCertificates([...files, ...issued])
    Object.assign(shown, next)
  }
  const certificates = config.https && stack.use(await openCertificates({ files: config.https.certificates, install: (files) => install({ files }), log, clock: Date.now }))

  const mesh = stack.use(openMesh({ identity, keys: keyring, store, name: nodeName, region, peers: config.peers, bootstrap: config.bootstrap, log }))
  mesh.events.on('twin', (younger) => {
    const message = `another running edge has the identity in ${stateDir}, which is a copy: remove it, and this edge starts anew`
    if (younger) broken({ reason: message, unexplained: false, final: new SwarmError('STATE_DIR_IN_USE', message) })
  })
  const sealer = createSealer(() => keyring.secrets())
  const registry = stack.use(await openRegistry({ store, stateDir, mesh, edgeId: mesh.id, sealer, onBroken: broken, log }))
  const membership = stack.use(openMembership({ keyring, mesh, registry, log }))

  const changes = new EventEmitter<{ change: [] }>()
  // Every deploy that waits for other edges listens: as many as there are deploys.
  changes.setMaxListeners(0)
  mesh.events.setMaxListeners(0)
  const spec = specOf.bind(null, place)
  const isPlacedHere = (name: string, placement: Placement): boolean => placedOn({ mesh, region }, name, placement).has(mesh.id)
  const sync = stack.use(openSync({ engine, registry, specOf: spec, isPlacedHere, onChange: () => changes.emit('change'), log }))
  mesh.events.on('status', () => sync.poke())
  stack.use(watchPlaces(mesh, () => sync.place()))
  const { loaded } = sync
  const sites = stack.use(openSites({ engine, registry, reserved: RESERVED_SEGMENTS, zone: config.zone, hosts: () => hosts }))

  const metrics = openMetrics({ ...place, edge: nodeName, version: VERSION, engine, mesh, registry, loaded, events: () => queued(), setAside: () => aside(), retries: () => misses.retries(), answers: () => once.stats(), certificates: () => ({ shown: [...shown.files, ...shown.issued], failures: failedOrders() }) })
  const holders = { self: nodeName, region, mesh, registry, loaded, changes }
  const functions = openFunctions({
    engine,
    registry,
    specOf: spec,
    holders: (name, revisionId) => holdersOf(holders, name, revisionId),
    waitForHolders: (record, wait) => waitForHolders(holders, record, wait),
  })
  stack.defer(async () => await stopEsbuild())
  const once = stack.use(openOnce({ name: nodeName, mesh, clock: Date.now, onVerdict: (verdict) => metrics.countOnce(verdict), log }))
  const misses = openMisses({
    place,
    once,
    engine,
    mesh,
    registry,
    want: (key) => sync.want(key),
    isDraining,
    onFailover(event) {
      metrics.countTries(event.tries.slice(1))
      broadcasts?.failover(event)
    },
    clock: Date.now,
    log,
  })

  aside = () => misses.setAside()
  const claims = stack.use(await openClaims({ folder: join(stateDir, 'schedules'), mesh, log }))
  const events = await openEventInvocations({
    place,
    stateDir,
    engine,
    registry,
    mesh,
    onMiss: (request) => misses.onMiss(request),
    claim: (slot) => claims.claim(slot),
    retryDelaysMs: config.eventRetriesMs,
    isDraining,
    clock: Date.now,
    log,
  })

  const challenges = openChallenges({ registry, mesh, log })
  const acme = config.https?.acme
  if (acme) {
    const kept = stack.use(openAcme({ name: nodeName, config: acme, registry, sealer, challenges, claim: (slot) => claims.claim(slot), install: (issued) => install({ issued: [issued] }), clock: Date.now, log }))
    failedOrders = () => kept.failures()
  }

  queued = () => events.lengths()
  drain = openDrain({ engine, events, refresh: () => broadcasts?.refresh(), isBusy: () => broadcasts?.isBusy() ?? false, log })
  const { open: takeRequests, stop } = drain
  const shortestMs = config.shortestRateMs
  stack.use(openSchedules({ registry, mesh, claims, region: awsRegion('local'), enqueue: (event) => events.enqueue(event), isDraining, shortestMs, clock: Date.now, log }))

  const history = stack.use(openHistory({ mesh, registry, self: nodeName, onEvent: (event) => engine.publish('history', JSON.stringify(event)), clock: Date.now }))
  const chaos = openChaos({ allowed: !config.needsToken, mesh, die: () => process.kill(process.pid, 'SIGKILL'), refresh: () => broadcasts?.refresh(), log })
  const commands = openCommands({ self: nodeName, mesh, engine, drain, chaos, want: (key) => sync.want(key) })
  const controlKeys = (): readonly Buffer[] => keyring.keys().map(({ control }) => control)
  if (config.traceRatio !== null) {
    const { openTracing } = await import('./tracing.js')
    stack.use(openTracing({ engine, edge: nodeName, region, version: VERSION, ratio: config.traceRatio, clock: Date.now }))
  }
  const observations = stack.use(openObservations({ edge: nodeName, engine, mesh, clock: Date.now }))
  const accessKeys = openAccessKeys(registry, sealer)
  const policyAllows = (reference: string, accessKeyId: string): boolean => {
    const { name, qualifier } = parseReference(reference)
    return allowsUrl(registry.item(attributeKey(name, 'policy', qualifier ?? undefined)), accessKeyId)
  }
  const control = openControl({
    functions,
    ...openGuards({ httpHost: config.httpHost, needsToken: config.needsToken, hosts: () => [config.zone, ...hosts], controlKeys, accessKey: (id) => accessKeys.find(id), policyAllows, clock: Date.now }),
    accessKeys,
    membership,
    challenge: (token) => challenges.page(token),
    routes: openRoutes(registry),
    lambda: openLambda(
      { engine, functions, registry, specOf: spec, zone: config.zone, waitForHolders: (record) => waitForHolders(holders, record, 'all'), linkTo: (path, version) => linkTo(path, version, config.needsToken ? { controlKeys: controlKeys(), now: Date.now() } : null) },
      (error, { method, path }) => log.error('a call of the Lambda API failed', { method, path, error: messageOf(error) }),
    ),
    events: { accept: (request, name) => events.accept(request, name), deadLetters: events.deadLetters },
    drain,
    commands,
    chaos: chaos.allowed,
    history: () => history.list(),
    schedules: openScheduleApi({ registry, claims, nameOf: (id) => (id === mesh.id ? nodeName : (mesh.peers().find((peer) => peer.id === id)?.name ?? id)), shortestMs, clock: Date.now }),
    documents: { openApi: openApiDocument, projectSchema: projectJsonSchema },
    observations: openObservationRoutes(observations, engine, Date.now),
    metrics: () => metrics.page(),
    onError: (error, { method, path }) => log.error('a control call failed', { method, path, error: messageOf(error) }),
  })

  engine.setAssets(await readAssets())
  const { httpsPort, port } = await engine.listen({ host: config.httpHost, port: config.httpPort, https: httpsOf(config) }, misses.onMiss, control)
  const url = urlOf(config.publicAddress ?? config.httpHost, port)
  if (config.https && httpsPort !== null) say(`https on ${urlOf(config.https.host, httpsPort, 'https')}`)
  if (config.needsToken) say('control calls need a token: bin/swarmlambda.js token mints one')

  broadcasts = stack.use(
    openBroadcasts({ cluster: clusterId, place, url, version: VERSION, startedAt, engine, mesh, registry, loaded, changes, isDraining, onTraffic(requests) {
        misses.tick(requests)
        metrics.tick()
        history.setAside(misses.setAside())
        history.keyed(keyring.ids()[0] ?? '')
      },
      setAside: () => misses.setAside() }),
  )
  let updateDns = async (_zone: ZoneConfig): Promise<void> => undefined
  if (config.dns) {
    const fleet = openDnsFleet({ place, url, mesh, isReady: () => !isDraining(), inFlight: () => engine.stats().inFlight, clock: Date.now })
    const settingsOf = async ({ placesFile, ...zone }: ZoneConfig) => ({ ...zone, challenges: (name: string) => challenges.texts(name), places: placesFile === null ? null : await openPlaces(placesFile) })
    const dns = stack.use(await openDns({ ...(await settingsOf(config.dns)), fleet, log }))
    updateDns = async (zone) => dns.update(await settingsOf(zone))
    say(`dns for ${config.dns.zone} on ${dns.address}`)
  }
  stack.defer(() => stop())
  await mesh.join()
  await sync.settled
  takeRequests()
  return {
    url,
    async reload(next) {
      hosts = next.hosts
      sites.refresh()
      if (next.dns) await updateDns(next.dns)
      if (next.https) await certificates?.reload(next.https.certificates)
    },
  }
}

const httpsOf = ({ https }: EdgeConfig): HttpsOptions | null => https && { host: https.host, port: https.port, redirect: https.redirect, hsts: https.hstsSeconds }
