// The configuration of each program, parsed whole from the environment before anything is opened.

import { hostname } from 'node:os'
import { join } from 'node:path'
import { isLoopback } from './addresses.js'
import { SwarmError } from './errors.js'
import type { LogFormat, LogLevel } from './log.js'
import type { Endpoint } from './config/schemas.js'
import { read, type Environment } from './config/variable.js'
import * as variables from './config/variables.js'
import { addRegions } from './regions.js'

export { formatEndpoint, type Endpoint } from './config/schemas.js'
export { listenError, type ListenAddress } from './config/listen.js'
export { loadSettings, type Settings } from './config/settings.js'
export { changesOf, withReloaded, type Changes } from './config/reload.js'
export { describeVariables, type Environment, type Variable } from './config/variable.js'
export { ALL_VARIABLES, CLI_VARIABLES, DNS_VARIABLES, EDGE_VARIABLES, PROXY_VARIABLES, unknownVariables } from './config/variables.js'

/** Two files in PEM. */
export interface CertificateFiles {
  /** The certificate, then those between it and its root. */
  certificate: string
  key: string
}

/** The certificate that is ordered from a certificate authority. */
export interface AcmeConfig {
  /** Lower case; at least one. */
  names: readonly string[]
  /** The URL of the authority's directory. */
  directory: string
  email: string | null
  challenge: 'http-01' | 'dns-01'
  /** Milliseconds. */
  retriesMs: readonly number[]
}

export interface HttpsConfig {
  host: string
  /** 0: any free one. */
  port: number
  /** At least one, unless {@link HttpsConfig.acme} orders one; the first is for clients that name nothing another is for. */
  certificates: CertificateFiles[]
  acme: AcmeConfig | null
  /** The HTTP port only shows the way to this one. */
  redirect: boolean
  /** `max-age` of Strict-Transport-Security; null: not sent. */
  hstsSeconds: number | null
}

export interface EdgeConfig {
  clusterId: string
  /** 64 hexadecimal digits; null: read or create the key file. */
  clusterKey: string | null
  nodeName: string
  region: string
  httpHost: string
  /** 0: any free one. */
  httpPort: number
  https: HttpsConfig | null
  stateDir: string
  peers: Endpoint[]
  bootstrap: 'public' | 'none' | Endpoint[]
  /** The mesh's name in DNS, whoever answers it. */
  zone: string
  /** Known Host names besides the zone, lambda.mesh and loopback. */
  hosts: string[]
  /** Control calls need a token: told so, or the gateway is not on loopback. */
  needsToken: boolean
  threads: number | null
  slots: number | null
  /** MB. */
  maxMemoryMb: number | null
  maxConnections: number
  /** Milliseconds. */
  eventRetriesMs: readonly number[]
  /** Where others reach it, when that is no address of this machine. */
  publicAddress: string | null
  /** It answers DNS for the mesh. */
  dns: ZoneConfig | null
  /** Milliseconds. */
  shortestRateMs: number
  /** What part of the traces that no caller began is exported; null: no collector is configured. */
  traceRatio: number | null
  logLevel: LogLevel
  logFormat: LogFormat
}

export interface ProxyConfig {
  host: string
  port: number
  /** In the order listed, none twice. */
  edges: Endpoint[]
  region: string | null
  logLevel: LogLevel
  logFormat: LogFormat
}

/** Of the zone, and of who answers for it. */
export interface ZoneConfig {
  host: string
  port: number
  /** Lower case, without the dot at its end. */
  zone: string
  ttlSeconds: number
  nameServers: { name: string; address: string | null }[]
  issuers: string[]
  /** A file. */
  placesFile: string | null
  /** The file of the key that signs the zone; null: it is not signed. */
  keyFile: string | null
  mostAnswers: number | null
  answersPerSecond: number
}

export interface DnsConfig extends ZoneConfig {
  edges: Endpoint[]
  region: string | null
  logLevel: LogLevel
  logFormat: LogFormat
}

/** `edge-<host name>`, made a valid node name. */
const defaultNodeName = (host: string): string => {
  const label = host
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '')
  return label === '' ? 'edge' : `edge-${label}`
}

/** Throws CONFIG_INVALID, as the other two do. */
export const parseEdgeConfig = (env: Environment, host: string = hostname()): EdgeConfig => {
  // Before a region is read, which may be one of these.
  addRegions(read(env, variables.OWN_REGIONS) ?? [])
  const clusterId = read(env, variables.CLUSTER_ID)
  const nodeName = read(env, variables.NODE_NAME) ?? defaultNodeName(host)
  const httpHost = read(env, variables.HTTP_HOST)
  const https = parseHttps(env, httpHost)
  return {
    clusterId,
    clusterKey: read(env, variables.CLUSTER_KEY),
    nodeName,
    region: read(env, variables.EDGE_REGION),
    httpHost,
    httpPort: read(env, variables.HTTP_PORT),
    https,
    stateDir: read(env, variables.STATE_DIR) ?? join('.swarm-lambda', clusterId, nodeName),
    peers: read(env, variables.PEERS) ?? [],
    bootstrap: read(env, variables.BOOTSTRAP),
    zone: read(env, variables.DNS_ZONE),
    hosts: read(env, variables.HOSTS) ?? [],
    needsToken: read(env, variables.CONTROL) === 'token' || !isLoopback(httpHost) || !isLoopback(https?.host ?? httpHost),
    threads: read(env, variables.THREADS),
    slots: read(env, variables.SLOTS),
    maxMemoryMb: read(env, variables.MAX_MEMORY),
    maxConnections: read(env, variables.MAX_CONNECTIONS),
    eventRetriesMs: read(env, variables.EVENT_RETRIES),
    shortestRateMs: read(env, variables.SHORTEST_RATE),
    publicAddress: read(env, variables.PUBLIC_ADDRESS),
    dns: read(env, variables.DNS_SERVE) === 'on' ? parseZone(env) : null,
    traceRatio: traceRatioOf(env),
    logLevel: read(env, variables.LOG),
    logFormat: read(env, variables.LOG_FORMAT),
  }
}

/** On when there is a certificate, or one is ordered. */
const parseHttps = (env: Environment, httpHost: string): HttpsConfig | null => {
  const certificates = read(env, variables.TLS_CERT) ?? []
  const keys = read(env, variables.TLS_KEY) ?? []
  if (certificates.length !== keys.length) {
    const counts = `${certificates.length} and ${keys.length} files`
    throw new SwarmError('CONFIG_INVALID', `SWARMLAMBDA_TLS_CERT and SWARMLAMBDA_TLS_KEY name ${counts}; allowed: a key for each certificate, in the same order`)
  }
  const acme = parseAcme(env)
  if (certificates.length === 0 && acme === null) return null
  return {
    host: read(env, variables.HTTPS_HOST) ?? httpHost,
    port: read(env, variables.HTTPS_PORT),
    certificates: certificates.map((certificate, index) => ({ certificate, key: keys[index] ?? '' })),
    acme,
    redirect: read(env, variables.HTTP_REDIRECT) === 'on',
    hstsSeconds: read(env, variables.HSTS) || null,
  }
}

const parseAcme = (env: Environment): AcmeConfig | null => {
  const names = read(env, variables.ACME_NAMES)
  if (names === null) return null
  const challenge = read(env, variables.ACME_CHALLENGE)
  const wildcard = names.find((name) => name.startsWith('*.'))
  if (wildcard !== undefined && challenge === 'http-01') {
    throw new SwarmError('CONFIG_INVALID', `SWARMLAMBDA_ACME_NAMES has ${wildcard}, which no page can show to be ours; allowed with SWARMLAMBDA_ACME_CHALLENGE=dns-01`)
  }
  return { names: [...new Set(names)], directory: read(env, variables.ACME_DIRECTORY), email: read(env, variables.ACME_EMAIL), challenge, retriesMs: read(env, variables.ACME_RETRIES) }
}

export const parseProxyConfig = (env: Environment): ProxyConfig => {
  addRegions(read(env, variables.OWN_REGIONS) ?? [])
  const config = {
    host: read(env, variables.PROXY_HOST),
    port: read(env, variables.PROXY_PORT),
    edges: read(env, variables.EDGES),
    region: read(env, variables.CLIENT_REGION),
    logLevel: read(env, variables.LOG),
    logFormat: read(env, variables.LOG_FORMAT),
  }
  // Edges on loopback trust whoever reaches them; a proxy would pass that trust on to the network.
  const open = read(env, variables.EDGES_CONTROL) !== 'token' && config.edges.some(({ host }) => isLoopback(host))
  if (open && !isLoopback(config.host)) {
    throw new SwarmError(
      'CONFIG_INVALID',
      `SWARMLAMBDA_PROXY_HOST is "${config.host}", which would let the network deploy to edges on loopback; ` +
        'allowed: a loopback address, or any with SWARMLAMBDA_CONTROL=token set for the edges and here',
    )
  }
  return config
}

export const parseDnsConfig = (env: Environment): DnsConfig => {
  addRegions(read(env, variables.OWN_REGIONS) ?? [])
  return { ...parseZone(env), edges: read(env, variables.EDGES), region: read(env, variables.CLIENT_REGION), logLevel: read(env, variables.LOG), logFormat: read(env, variables.LOG_FORMAT) }
}

const parseZone = (env: Environment): ZoneConfig => ({
  host: read(env, variables.DNS_HOST),
  port: read(env, variables.DNS_PORT),
  zone: read(env, variables.DNS_ZONE),
  ttlSeconds: read(env, variables.DNS_TTL),
  nameServers: read(env, variables.DNS_SERVERS) ?? [],
  issuers: read(env, variables.DNS_ISSUERS) ?? [],
  placesFile: read(env, variables.DNS_PLACES),
  keyFile: read(env, variables.DNS_KEY),
  mostAnswers: read(env, variables.DNS_ANSWERS),
  answersPerSecond: read(env, variables.DNS_RATE),
})

/** The variables of OpenTelemetry's specification; its own exporter reads those that say where to. */
function traceRatioOf(env: Environment): number | null {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']
  if (!endpoint || env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return null
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on'
  if (sampler.endsWith('always_off')) return 0
  if (!sampler.endsWith('traceidratio')) return 1
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? '1')
  if (ratio >= 0 && ratio <= 1) return ratio
  throw new SwarmError('CONFIG_INVALID', `OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(env['OTEL_TRACES_SAMPLER_ARG'])}; allowed: a number from 0 to 1`)
}
