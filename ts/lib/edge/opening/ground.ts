// What an edge stands on: its ports and folder, its keys, its store, and the engine that will listen and run.
import { mkdir } from 'node:fs/promises'
import { tryListening } from '../../addresses.js'
import { openCertificates } from '../../certificates.js'
import { loadIdentity, openKeyring } from '../../cluster.js'
import { listenError, type EdgeConfig } from '../../config.js'
import { messageOf, SwarmError } from '../../errors.js'
import { engineCache, openNative, type Engine } from '../../native.js'
import { openStore } from '../../registry/store.js'
import { functionMemoryMb, memoryBytes } from '../machine.js'
import { openShownCertificates } from '../shown-certificates.js'
import type { Start } from './start.js'

export type Ground = Awaited<ReturnType<typeof openGround>>

export async function openGround(start: Start) {
  const { config, log, stack } = start
  await claimPlace(config)
  const keyring = stack.use(await openKeyring(config, log))
  const identity = await loadIdentity(config.stateDir, log)
  const store = await openStore(config.stateDir, log)
  stack.defer(() => store.close())
  const engine = await openEngine(start)
  const shown = openShownCertificates(engine)
  const certificates = config.https && stack.use(await openCertificates({ files: config.https.certificates, install: shown.installFiles, log, clock: Date.now }))
  return { keyring, identity, store, engine, shown, certificates }
}

/** Before anybody is told of this edge: its folder can be written to, its ports are free. The gateway itself opens last. */
async function claimPlace({ httpHost, httpPort, https, stateDir }: EdgeConfig): Promise<void> {
  await mkdir(stateDir, { recursive: true }).catch((cause: unknown) => {
    throw new SwarmError('CONFIG_INVALID', `SWARMLAMBDA_STATE_DIR ${JSON.stringify(stateDir)} is no directory this process can write to: ${messageOf(cause)}`, { cause })
  })
  await tryListening(httpHost, httpPort).catch((error: unknown) => {
    throw listenError(error, { host: httpHost, port: httpPort, hostVariable: 'SWARMLAMBDA_HTTP_HOST', portVariable: 'SWARMLAMBDA_HTTP_PORT' })
  })
  if (!https) return
  const { host, port } = https
  await tryListening(host, port).catch((error: unknown) => {
    throw listenError(error, { host, port, hostVariable: 'SWARMLAMBDA_HTTPS_HOST', portVariable: 'SWARMLAMBDA_HTTPS_PORT' })
  })
}

async function openEngine({ config, place, say, stack }: Start): Promise<Engine> {
  const engine = await openNative({
    edge: place.name,
    region: place.region,
    cacheDir: engineCache(config.stateDir),
    threads: config.threads,
    slots: config.slots,
    maxMemoryMb: config.maxMemoryMb ?? functionMemoryMb(memoryBytes()),
    maxConnections: config.maxConnections,
  })
  stack.defer(() => engine.close(0))
  const { fromCache, maxMemoryMb, pagemapScan, slots, threads } = engine.info()
  say(`engine: ${slots} sandboxes of up to ${maxMemoryMb} MB, ${threads} thread${threads === 1 ? '' : 's'}${fromCache ? '' : ', plugin compiled'}`)
  if (!pagemapScan) say('engine: this kernel has no pagemap_scan (Linux 6.7): sandboxes are several times slower')
  return engine
}
