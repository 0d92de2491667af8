// The gateway: what is answered to control calls, by whom they may be made, and where the engine listens.
import { openAccessKeys } from '../../api/access-keys.js'
import { openControl } from '../../api/control.js'
import { openGuards } from '../../api/guards.js'
import { linkTo } from '../../api/links.js'
import { parseReference } from '../../api/names.js'
import { openObservationRoutes } from '../../api/observations.js'
import { openRoutes } from '../../api/routes.js'
import { urlOf } from '../../addresses.js'
import type { EdgeConfig } from '../../config.js'
import { messageOf } from '../../errors.js'
import { allowsUrl } from '../../lambda/policy.js'
import { openLambda } from '../../lambda/routes.js'
import type { HttpsOptions } from '../../native.js'
import { attributeKey } from '../../registry/parts.js'
import { openScheduleApi } from '../../schedules.js'
import { readAssets } from '../assets.js'
import { openChaos } from '../chaos.js'
import { openCommands } from '../commands.js'
import { waitForHolders } from '../holders.js'
import type { Ground } from './ground.js'
import type { Invocations } from './invocations.js'
import type { Network } from './network.js'
import type { Start } from './start.js'
import type { Table } from './table.js'
import type { Watching } from './watching.js'

/** Long enough for the farewell, and the answer to whoever asked for it. */
const LEAVE_MS = 500

/** Everything a control call may be about. */
export interface Parts {
  ground: Ground
  network: Network
  table: Table
  invocations: Invocations
  watching: Watching
}

/** Where others reach it. Requests are answered when it resolves; they are welcome only when the edge's health says so. */
export async function openGateway(start: Start, parts: Parts): Promise<string> {
  const { config, say } = start
  const { engine } = parts.ground
  const control = controlOf(start, parts)
  engine.setAssets(await readAssets())
  const { httpsPort, port } = await engine.listen({ host: config.httpHost, port: config.httpPort, https: httpsOf(config) }, parts.invocations.misses.onMiss, control)
  if (config.https && httpsPort !== null) say(`https on ${urlOf(config.https.host, httpsPort, 'https')}`)
  if (config.needsToken) say('control calls need a token: bin/swarmlambda.js token mints one')
  return urlOf(config.publicAddress ?? config.httpHost, port)
}

function controlOf({ config, hosts, log, place, signals }: Start, { ground, invocations, network, table, watching }: Parts) {
  const { engine, keyring } = ground
  const { membership, mesh, registry, sealer } = network
  const { functions, holders, spec, sync } = table
  const { claims, drain, events } = invocations
  const self = place.name
  const controlKeys = (): readonly Buffer[] => keyring.keys().map(({ control }) => control)
  const chaos = openChaos({ allowed: !config.needsToken, mesh, die: () => process.kill(process.pid, 'SIGKILL'), refresh: () => signals.emit('change'), log })
  const leave = (): void => {
    log.info('leaving the mesh')
    signals.emit('leave')
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), LEAVE_MS)
  }
  const commands = openCommands({ self, mesh, engine, drain, chaos, leave, want: (key) => sync.want(key) })
  const accessKeys = openAccessKeys(registry, sealer)
  const policyAllows = (reference: string, accessKeyId: string): boolean => {
    const { name, qualifier } = parseReference(reference)
    return allowsUrl(registry.item(attributeKey(name, 'policy', qualifier ?? undefined)), accessKeyId)
  }
  const nameOf = (id: string): string => (id === mesh.id ? self : (mesh.peers().find((peer) => peer.id === id)?.name ?? id))
  const linkFor = (path: string, version: string): string => linkTo(path, version, config.needsToken ? { controlKeys: controlKeys(), now: Date.now() } : null)
  return openControl({
    functions,
    ...openGuards({ httpHost: config.httpHost, needsToken: config.needsToken, hosts: () => [config.zone, ...hosts()], controlKeys, accessKey: (id) => accessKeys.find(id), policyAllows, clock: Date.now }),
    accessKeys,
    membership,
    challenge: (token) => watching.challenges.page(token),
    routes: openRoutes(registry),
    lambda: openLambda(
      { engine, functions, registry, specOf: spec, zone: config.zone, waitForHolders: (record) => waitForHolders(holders, record, 'all'), linkTo: linkFor },
      (error, { method, path }) => log.error('a call of the Lambda API failed', { method, path, error: messageOf(error) }),
    ),
    events: { accept: (request, name) => events.accept(request, name), deadLetters: events.deadLetters },
    drain,
    commands,
    chaos: chaos.allowed,
    history: () => watching.history.list(),
    schedules: openScheduleApi({ registry, claims, nameOf, shortestMs: config.shortestRateMs, clock: Date.now }),
    // Made of schemas that nothing else needs.
    documents: {
      openApi: async () => (await import('../../openapi/document.js')).openApiDocument(),
      projectSchema: async () => (await import('../../project/schema.js')).projectJsonSchema(),
    },
    observations: openObservationRoutes(watching.observations, engine, Date.now),
    metrics: () => watching.metrics.page(),
    onError: (error, { method, path }) => log.error('a control call failed', { method, path, error: messageOf(error) }),
  })
}

const httpsOf = ({ https }: EdgeConfig): HttpsOptions | null => https && { host: https.host, port: https.port, redirect: https.redirect, hsts: https.hstsSeconds }
