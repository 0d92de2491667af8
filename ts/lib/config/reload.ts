// What of a new configuration takes effect while the edge runs, and what waits for a restart.
import type { EdgeConfig } from '../config.js'
import type { Environment, Variable } from './variable.js'
import * as variables from './variables.js'

/** Of the DNS server: the zone and its limits, not where it listens. */
const OF_DNS: readonly Variable[] = [variables.DNS_TTL, variables.DNS_SERVERS, variables.DNS_ISSUERS, variables.DNS_PLACES, variables.DNS_KEY, variables.DNS_ANSWERS, variables.DNS_RATE]
const OF_HTTPS: readonly Variable[] = [variables.TLS_CERT, variables.TLS_KEY]
const ALWAYS: readonly Variable[] = [variables.HOSTS, variables.LOG]

export interface Changes {
  /** Keys of settings, as in swarmlambda.toml. */
  now: string[]
  /** The same, of those that take effect at a restart. */
  later: string[]
}

/** Of two environments, both read without an error. */
export const changesOf = (config: EdgeConfig, before: Environment, after: Environment): Changes => {
  const isLive = (variable: Variable): boolean => ALWAYS.includes(variable) || (OF_HTTPS.includes(variable) && config.https !== null) || (OF_DNS.includes(variable) && config.dns !== null)
  const text = (env: Environment, { name }: Variable): string => env[name]?.trim() ?? ''
  const changed = variables.EDGE_VARIABLES.filter((variable) => text(before, variable) !== text(after, variable))
  return { now: changed.filter(isLive).map(({ key }) => key), later: changed.filter((variable) => !isLive(variable)).map(({ key }) => key) }
}

/** The configuration with what of the other one takes effect now. */
export const withReloaded = (config: EdgeConfig, next: EdgeConfig): EdgeConfig => ({
  ...config,
  hosts: next.hosts,
  logLevel: next.logLevel,
  https: config.https && { ...config.https, certificates: next.https?.certificates ?? config.https.certificates },
  dns: config.dns && { ...(next.dns ?? config.dns), host: config.dns.host, port: config.dns.port, zone: config.dns.zone },
})
