// Keeps the certificate of the mesh's names: ordered from a certificate authority (ACME) by one edge at a time, taken from the
// registry by all.
//
// When it is due is worked out from what the registry holds, so all edges say the same: at once without one, when a third of
// its lifetime is left, and some waits after a failure. Who does it then is decided like the slot of a schedule, by votes; an
// edge that dies at it is followed by another after TAKEOVER_MS.
import { X509Certificate } from 'node:crypto'
import type { AcmeConfig } from '../config.js'
import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Certificate } from '../native.js'
import type { Sealer } from '../registry/sealer.js'
import type { Registry } from '../registry/types.js'
import type { Challenges } from './challenges.js'
import { openCertificateStore, type Stored } from './store.js'

export interface AcmeOptions {
  /** Of this edge. */
  name: string
  config: AcmeConfig
  registry: Pick<Registry, 'item' | 'put' | 'events'>
  sealer: Sealer
  challenges: Challenges
  /** Whether this edge is to do what is due at `slot`; another edge is told no. */
  claim: (slot: { name: string; slot: number }) => Promise<boolean>
  /** Serves with it from now on. Throws when it can't be used. */
  install: (certificate: Certificate) => void
  /** Milliseconds since the epoch. */
  clock: () => number
  log: Log
}

export interface Acme extends AsyncDisposable {
  /** Tries that failed since the last certificate. */
  failures(): number
}

const TAKEOVER_MS = 10 * 60_000
/** A try that takes longer has failed; shorter than {@link TAKEOVER_MS}. */
const ORDER_MS = 5 * 60_000
/** Timers can't wait for months, and a machine that slept wakes up late. */
const LOOK_MS = 60 * 60_000

export function openAcme({ challenges, claim, clock, config, install, log, name, registry, sealer }: AcmeOptions): Acme {
  const store = openCertificateStore(registry, sealer, config)
  const stop = new AbortController()
  let installed: string | null = null
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | null = null

  const take = (): void => {
    const certificate = store.certificate()
    const text = certificate?.chain.toString() ?? null
    if (certificate === null || text === installed) return
    try {
      install(certificate)
      installed = text
      log.info('the certificate is in use', { names: config.names.join(), until: new X509Certificate(certificate.chain).validTo })
    } catch (error) {
      log.error('the certificate of the registry cannot be used', { error: messageOf(error) })
    }
  }
  const dueAt = (): number => {
    const stored = store.read()
    if (stored !== null && stored.failures > 0) return stored.triedAt + (config.retriesMs[Math.min(stored.failures, config.retriesMs.length) - 1] ?? LOOK_MS)
    return store.certificate() === null ? 0 : renewAt(stored)
  }

  const obtain = async (): Promise<void> => {
    const triedAt = clock()
    const before = store.read()
    const names = config.names.join()
    log.info('a certificate is ordered', { names, directory: config.directory })
    try {
      // With the libraries behind it some megabytes, which nothing else needs.
      const { makeKey, order } = await import('./order.js')
      const accountKey = await store.accountKey(makeKey)
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(ORDER_MS)])
      const issued = await unless(signal, order({ ...config, accountKey, challenges, signal }))
      await store.write({ issued, failures: 0, triedAt, reason: null, by: name })
    } catch (error) {
      // Another edge takes over, at once when it is asked.
      if (stop.signal.aborted) return
      const failures = (before?.failures ?? 0) + 1
      const reason = messageOf(error)
      log.error('no certificate was issued', { names, directory: config.directory, failures, reason })
      await store.write({ issued: null, failures, triedAt: clock(), reason, by: name })
    }
  }
  const look = async (): Promise<void> => {
    take()
    const due = dueAt()
    const late = clock() - due
    if (late >= 0) {
      const slot = due + Math.floor(late / TAKEOVER_MS) * TAKEOVER_MS
      if (await claim({ name: `certificate-${store.id}`, slot })) await obtain()
      take()
    }
    const next = dueAt() - clock()
    // Whoever it was may have died at it.
    wait(next > 0 ? Math.min(next, LOOK_MS) : TAKEOVER_MS - (-next % TAKEOVER_MS))
  }
  const wait = (ms: number): void => {
    if (stop.signal.aborted) return
    clearTimeout(timer)
    timer = setTimeout(start, ms)
  }
  const start = (): void => {
    working ??= look()
      .catch((error: unknown) => {
        log.error('the certificate could not be looked after', { error: messageOf(error) })
        wait(TAKEOVER_MS)
      })
      .finally(() => {
        working = null
      })
  }
  const onPart = (part: { name: string }): void => {
    if (part.name !== store.key) return
    take()
    wait(Math.max(0, Math.min(dueAt() - clock(), LOOK_MS)))
  }

  registry.events.on('part', onPart)
  take()
  wait(0)
  return {
    failures: () => store.read()?.failures ?? 0,
    async [Symbol.asyncDispose]() {
      stop.abort(new SwarmError('CLOSED', 'this edge is closing'))
      clearTimeout(timer)
      registry.events.off('part', onPart)
      await working
    },
  }
}

/** When a third of its lifetime is left. */
function renewAt(stored: Stored | null): number {
  if (!stored?.issued) return 0
  const { validFrom, validTo } = new X509Certificate(stored.issued.chain)
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  return to - (to - from) / 3
}

/** What `work` comes to, unless the signal is faster: then its reason, and the work ends by itself at its own deadlines. */
function unless<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
