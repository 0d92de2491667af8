// Every environment variable of every program: the only place that names them.

import { z } from 'zod'
import { LOG_LEVELS } from '../log.js'
import { LOCAL_REGION, REGIONS } from '../regions.js'
import * as is from './schemas.js'
import { optional, variable, type Variable } from './variable.js'

const HOST = 'an IP address or a host name'
const PORT = 'a port from 0 to 65535 (0: any free one)'
const ENDPOINTS = 'host:port, separated by commas, such as 127.0.0.1:8787,[::1]:8788'
const REGION_NAMES = `one of ${REGIONS.map(({ name }) => name).join(', ')}`

export const CLUSTER_ID = variable(
  {
    name: 'SWARMLAMBDA_CLUSTER_ID',
    about: 'Name of the cluster: the folder of its state.',
    allowed: 'letters, digits, dots, hyphens and underscores, at most 64, the first a letter or a digit',
    schema: is.clusterId,
  },
  'local',
)

export const CLUSTER_KEY = optional(
  {
    name: 'SWARMLAMBDA_CLUSTER_KEY',
    about: 'The secret all edges of the mesh share.',
    allowed: '64 hexadecimal digits, or nothing to use the key file',
    schema: is.clusterKey,
  },
  'the file cluster.key beside the state directory, created when it is not there',
  { secret: true },
)

export const NODE_NAME = optional(
  {
    name: 'SWARMLAMBDA_NODE_NAME',
    about: 'Name of this edge, its own in the mesh.',
    allowed: 'lower-case letters, digits and hyphens, at most 63, no hyphen at either end',
    schema: is.nodeName,
  },
  'edge-<host name>',
)

export const EDGE_REGION = variable(
  {
    name: 'SWARMLAMBDA_REGION',
    about: `Where this edge is. "${LOCAL_REGION}" says nothing: as far from everywhere.`,
    allowed: REGION_NAMES,
    schema: is.region,
  },
  LOCAL_REGION,
)

export const CLIENT_REGION = optional(
  {
    name: 'SWARMLAMBDA_REGION',
    about: 'Where this program is: edges are ordered by their distance from here.',
    allowed: REGION_NAMES,
    schema: is.region,
  },
  'edges are ordered by measured round-trip time',
)

export const HTTP_HOST = variable(
  { name: 'SWARMLAMBDA_HTTP_HOST', about: 'Address of the HTTP gateway.', allowed: HOST, schema: is.host },
  '127.0.0.1',
)

export const HTTP_PORT = variable(
  { name: 'SWARMLAMBDA_HTTP_PORT', about: 'Port of the HTTP gateway.', allowed: PORT, schema: is.integer(0, 65_535) },
  '8787',
)

export const TLS_CERT = optional(
  {
    name: 'SWARMLAMBDA_TLS_CERT',
    about: 'Certificates of HTTPS, each with those between it and its root; read again when they change. Turns HTTPS on.',
    allowed: 'paths of PEM files, separated by commas',
    schema: is.paths,
  },
  'none, no HTTPS',
)

export const TLS_KEY = optional(
  {
    name: 'SWARMLAMBDA_TLS_KEY',
    about: "The certificates' private keys.",
    allowed: 'paths of PEM files, one for each certificate, in the same order',
    schema: is.paths,
  },
  'none',
)

export const HTTPS_HOST = optional(
  { name: 'SWARMLAMBDA_HTTPS_HOST', about: 'Address of the HTTPS gateway.', allowed: HOST, schema: is.host },
  'that of HTTP',
)

export const HTTPS_PORT = variable(
  { name: 'SWARMLAMBDA_HTTPS_PORT', about: 'Port of the HTTPS gateway.', allowed: PORT, schema: is.integer(0, 65_535) },
  '8443',
)

export const HTTP_REDIRECT = variable(
  {
    name: 'SWARMLAMBDA_HTTP_REDIRECT',
    about: 'Whether the HTTP port only shows the way to HTTPS; health checks it answers all the same.',
    allowed: 'on or off',
    schema: z.enum(['on', 'off']),
  },
  'off',
)

export const HSTS = variable(
  {
    name: 'SWARMLAMBDA_HSTS',
    about: 'Seconds for which browsers shall use nothing but HTTPS (Strict-Transport-Security); 0: not said.',
    allowed: 'a number from 0 to 63072000',
    schema: is.integer(0, 63_072_000),
  },
  '0',
)

export const STATE_DIR = optional(
  {
    name: 'SWARMLAMBDA_STATE_DIR',
    about: "This edge's own directory: identity, registry, caches.",
    allowed: 'a path of a directory no other edge uses',
    schema: is.path,
  },
  '.swarm-lambda/<cluster id>/<node name>',
)

export const PEERS = optional(
  {
    name: 'SWARMLAMBDA_PEERS',
    about: 'Where to send discovery beacons besides loopback: UDP, 47800 for the first edge of a machine, 47801 for the next.',
    allowed: 'host:port, separated by commas, such as 10.0.0.7:47800',
    schema: is.endpoints,
  },
  'none',
)

export const BOOTSTRAP = variable(
  {
    name: 'SWARMLAMBDA_BOOTSTRAP',
    about: 'The DHT nodes through which edges find each other over the internet.',
    allowed: `public, none, or ${ENDPOINTS}`,
    schema: is.bootstrap,
  },
  'public',
)

export const HOSTS = optional(
  {
    name: 'SWARMLAMBDA_HOSTS',
    about: 'Further names under which clients call this edge (Host header).',
    allowed: 'host names or IP addresses, separated by commas',
    schema: is.hosts,
  },
  'lambda.mesh, names under it, and loopback only',
)

export const CONTROL = variable(
  {
    name: 'SWARMLAMBDA_CONTROL',
    about: 'Whether control calls (deploy, list, delete) need a token; "auto": unless the address is loopback.',
    allowed: 'auto or token',
    schema: z.enum(['auto', 'token']),
  },
  'auto',
)

export const EDGES_CONTROL = variable(
  {
    name: 'SWARMLAMBDA_CONTROL',
    about: 'What the edges on loopback were told; a proxy that others can reach wants "token" there and here.',
    allowed: 'auto or token',
    schema: z.enum(['auto', 'token']),
  },
  'auto',
)

export const THREADS = optional(
  {
    name: 'SWARMLAMBDA_THREADS',
    about: 'Threads that serve HTTP and run functions.',
    allowed: 'a number from 1 to 256',
    schema: is.integer(1, 256),
  },
  'chosen from the machine',
)

export const SLOTS = optional(
  {
    name: 'SWARMLAMBDA_SLOTS',
    about: 'How many sandboxes may exist at once.',
    allowed: 'a number from 1 to 100000',
    schema: is.integer(1, 100_000),
  },
  'chosen from the machine',
)

export const EVENT_RETRIES = variable(
  {
    name: 'SWARMLAMBDA_EVENT_RETRIES',
    about: 'Waits before an asynchronous invocation that failed is tried again, as AWS Lambda does.',
    allowed: 'milliseconds, separated by commas',
    schema: is.milliseconds,
  },
  '60000,120000',
)

export const SHORTEST_RATE = variable(
  {
    name: 'SWARMLAMBDA_SHORTEST_RATE',
    about: "The shortest period that a schedule's rate() may have.",
    allowed: 'milliseconds, from 1000 to 86400000',
    schema: is.integer(1_000, 86_400_000),
  },
  '60000',
)

export const PROXY_HOST = variable(
  { name: 'SWARMLAMBDA_PROXY_HOST', about: 'Address of the proxy.', allowed: HOST, schema: is.host },
  '127.0.0.1',
)

export const PROXY_PORT = variable(
  { name: 'SWARMLAMBDA_PROXY_PORT', about: 'Port of the proxy.', allowed: PORT, schema: is.integer(0, 65_535) },
  '8790',
)

export const EDGES = variable(
  {
    name: 'SWARMLAMBDA_EDGES',
    about: 'HTTP gateways of the edges.',
    allowed: ENDPOINTS,
    schema: is.endpoints,
  },
  '127.0.0.1:8787,127.0.0.1:8788,127.0.0.1:8789',
)

export const DNS_HOST = variable(
  { name: 'SWARMLAMBDA_DNS_HOST', about: 'Address of the DNS server.', allowed: HOST, schema: is.host },
  '127.0.0.1',
)

export const DNS_PORT = variable(
  {
    name: 'SWARMLAMBDA_DNS_PORT',
    about: 'Port of the DNS server, UDP and TCP.',
    allowed: PORT,
    schema: is.integer(0, 65_535),
  },
  '8753',
)

export const DNS_ZONE = variable(
  {
    name: 'SWARMLAMBDA_DNS_ZONE',
    about: 'The name answered with the nearest live edge, and all names under it.',
    allowed: 'a domain name of letters, digits, hyphens and dots, at most 180 characters',
    schema: is.zone,
  },
  'lambda.mesh',
)

export const DNS_TTL = variable(
  {
    name: 'SWARMLAMBDA_DNS_TTL',
    about: 'Seconds for which resolvers may keep an answer.',
    allowed: 'a number from 0 to 86400',
    schema: is.integer(0, 86_400),
  },
  '5',
)

export const LOG = variable(
  {
    name: 'SWARMLAMBDA_LOG',
    about: 'How much is logged to stderr.',
    allowed: `one of ${LOG_LEVELS.join(', ')}`,
    schema: z.enum(LOG_LEVELS),
  },
  'info',
)

export const ENDPOINT = optional(
  {
    name: 'SWARMLAMBDA_ENDPOINT',
    about: 'The edge or proxy that the command line talks to, unless --endpoint names one.',
    allowed: 'a URL such as http://127.0.0.1:8787',
    schema: z.url({ protocol: /^https?$/ }),
  },
  'http://127.0.0.1:8790, or else http://127.0.0.1:8787',
)

export const TOKEN = optional(
  {
    name: 'SWARMLAMBDA_TOKEN',
    about: 'What the command line shows to edges that ask for a token, unless --token does.',
    allowed: 'a token as "swarmlambda token" prints it',
    schema: z.string(),
  },
  'none',
  { secret: true },
)

export const EDGE_VARIABLES: readonly Variable[] = [
  CLUSTER_ID,
  CLUSTER_KEY,
  NODE_NAME,
  EDGE_REGION,
  HTTP_HOST,
  HTTP_PORT,
  TLS_CERT,
  TLS_KEY,
  HTTPS_HOST,
  HTTPS_PORT,
  HTTP_REDIRECT,
  HSTS,
  STATE_DIR,
  PEERS,
  BOOTSTRAP,
  HOSTS,
  CONTROL,
  THREADS,
  SLOTS,
  EVENT_RETRIES,
  SHORTEST_RATE,
  LOG,
]

export const PROXY_VARIABLES: readonly Variable[] = [PROXY_HOST, PROXY_PORT, EDGES, EDGES_CONTROL, CLIENT_REGION, LOG]

export const DNS_VARIABLES: readonly Variable[] = [DNS_HOST, DNS_PORT, DNS_ZONE, DNS_TTL, EDGES, CLIENT_REGION, LOG]

/** Of the command line. */
export const CLI_VARIABLES: readonly Variable[] = [ENDPOINT, TOKEN]

const KNOWN = new Set([...CLI_VARIABLES, ...EDGE_VARIABLES, ...PROXY_VARIABLES, ...DNS_VARIABLES].map(({ name }) => name))

/** Names that look like ours and are not, most likely mistyped. One program's variables are fine beside another's. */
export const unknownVariables = (names: readonly string[]): string[] =>
  names.filter(name => name.startsWith('SWARMLAMBDA_') && !KNOWN.has(name))
