// The IP addresses of the edges: those given by name are looked up at the start and again now and then.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../config.js'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'

export interface Addresses extends Disposable {
  /** The last known; none when the name could never be looked up. */
  of(host: string): readonly string[]
}

const REFRESH_MS = 30_000
const START_MS = 2000

export const openAddresses = async (
  edges: readonly Endpoint[],
  log: Log,
  resolve: (host: string) => Promise<string[]> = async host =>
    (await lookup(host, { all: true })).map(({ address }) => address),
): Promise<Addresses> => {
  const hosts = [...new Set(edges.map(({ host }) => host))]
  const known = new Map(hosts.filter(host => isIP(host) !== 0).map((host): [string, string[]] => [host, [host]]))
  const names = hosts.filter(host => isIP(host) === 0)

  const refresh = async (): Promise<void> => {
    await Promise.all(
      names.map(async name => {
        try {
          known.set(name, await resolve(name))
        } catch (error) {
          log.warn('an edge could not be looked up', { host: name, reason: messageOf(error) })
        }
      }),
    )
  }
  const running = refresh()
  // A resolver that does not answer must not keep the server from starting.
  const start = new AbortController()
  await Promise.race([running, sleep(START_MS, undefined, { signal: start.signal })])
  start.abort()
  const timer = setInterval(() => void refresh(), REFRESH_MS)
  return {
    of: host => known.get(host) ?? [],
    // A look-up under way cannot be called back; it changes nothing but `known`.
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
