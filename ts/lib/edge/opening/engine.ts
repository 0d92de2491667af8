// What opens first: the folder and the ports are claimed, then the engine opens on threads of its own.
import { mkdir } from 'node:fs/promises'
import { tryListening } from '../../addresses.js'
import { listenError, type EdgeConfig } from '../../config.js'
import { messageOf, SwarmError } from '../../errors.js'
import { engineCache, openNative, type Engine } from '../../native.js'
import { functionMemoryMb, imageMemoryMb, memoryBytes } from '../machine.js'
import type { Start } from './start.js'

/** Before anybody is told of this edge: its folder can be written to, its ports are free. The gateway itself opens last. */
export async function claimPlace({ httpHost, httpPort, https, stateDir }: EdgeConfig): Promise<void> {
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

/** Says what was chosen for this machine. It closes with the stack, even if the edge fails to start before it is open. */
export function openEngine({ config, place, say, stack }: Pick<Start, 'config' | 'place' | 'say' | 'stack'>): Promise<Engine> {
  const engine = openNative({
    edge: place.name,
    region: place.region,
    cacheDir: engineCache(config.stateDir),
    threads: config.threads,
    slots: config.slots,
    maxMemoryMb: config.maxMemoryMb ?? functionMemoryMb(memoryBytes()),
    imageMemoryMb: imageMemoryMb(memoryBytes()),
    maxConnections: config.maxConnections,
  }).then((opened) => {
    const { fromCache, maxMemoryMb, pagemapScan, slots, threads } = opened.info()
    say(`engine: ${slots} sandboxes of up to ${maxMemoryMb} MB, ${threads} thread${threads === 1 ? '' : 's'}${fromCache ? '' : ', plugin compiled'}`)
    if (!pagemapScan) say('engine: this kernel has no pagemap_scan (Linux 6.7): sandboxes are several times slower')
    return opened
  })
  const orNone = engine.catch(() => null)
  stack.defer(async () => (await orNone)?.close(0))
  return engine
}
