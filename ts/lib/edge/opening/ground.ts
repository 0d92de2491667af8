// What an edge stands on: its keys, its store, and the engine that will listen and run.
import { openCertificates } from '../../certificates.js'
import { loadIdentity, openKeyring } from '../../cluster.js'
import type { Engine } from '../../native.js'
import { openStore } from '../../registry/store.js'
import { openShownCertificates } from '../shown-certificates.js'
import type { Start } from './start.js'

export type Ground = Awaited<ReturnType<typeof openGround>>

export async function openGround({ config, log, stack }: Start, opening: Promise<Engine>) {
  const keyring = stack.use(await openKeyring(config, log))
  const identity = await loadIdentity(config.stateDir, log)
  const store = await openStore(config.stateDir, log)
  stack.defer(() => store.close())
  const engine = await opening
  const shown = openShownCertificates(engine)
  const certificates = config.https && stack.use(await openCertificates({ files: config.https.certificates, install: shown.installFiles, log, clock: Date.now }))
  return { keyring, identity, store, engine, shown, certificates }
}
