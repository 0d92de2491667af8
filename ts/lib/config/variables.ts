// Every environment variable of every program: the only place that names them.

import { z } from 'zod'
import { LOG_FORMATS, LOG_LEVELS } from '../log.js'
import { LOCAL_REGION, REGIONS } from '../regions.js'
import * as is from './schemas.js'
import { optional, variable, type Variable } from './variable.js'

const HOST = 'an IP address or a host name'
const PORT = 'a port from 0 to 65535 (0: any free one)'
const ENDPOINTS = 'host:port, separated by commas, such as 127.0.0.1:8787,[::1]:8788'
const REGION_NAMES = `one of ${REGIONS.map(({ name }) => name).join(', ')}, or of SWARMLAMBDA_REGIONS`

export const CLUSTER_ID = variable(
  {
    name: 'SWARMLAMBDA_CLUSTER_ID',
    key: 'cluster.id',
    about: 'Name of the cluster: the folder of its state.',
    allowed: 'letters, digits, dots, hyphens and underscores, at most 64, the first a letter or a digit',
    schema: is.clusterId,
  },
  'local',
)

export const CLUSTER_KEY = optional(
  {
    name: 'SWARMLAMBDA_CLUSTER_KEY',
    key: 'cluster.key',
    about: 'The secret all edges of the mesh share.',
    allowed: '64 hexadecimal digits, or nothing to use the key file',
    schema: is.clusterKey,
  },
  'the file cluster.key beside the state directory, created when it is not there',
  { secret: true },
)

export const CLUSTER_KEY_FILE = optional(
  {
    name: 'SWARMLAMBDA_CLUSTER_KEY_FILE',
    key: 'cluster.key_file',
    about: 'A file that holds the cluster key, when the key itself is not set.',
    allowed: 'a path',
    schema: is.path,
  },
  'cluster.key of $CREDENTIALS_DIRECTORY, when systemd gave one',
)

export const NODE_NAME = optional(
  {
    name: 'SWARMLAMBDA_NODE_NAME',
    key: 'edge.name',
    about: 'Name of this edge, its own in the mesh.',
    allowed: 'lower-case letters, digits and hyphens, at most 63, no hyphen at either end',
    schema: is.nodeName,
  },
  'edge-<host name>',
)

export const EDGE_REGION = variable(
  {
    name: 'SWARMLAMBDA_REGION',
    key: 'edge.region',
    about: `Where this edge is. "${LOCAL_REGION}" says nothing: as far from everywhere.`,
    allowed: REGION_NAMES,
    schema: is.region,
  },
  LOCAL_REGION,
)

export const CLIENT_REGION = optional(
  {
    name: 'SWARMLAMBDA_REGION',
    key: 'edge.region',
    about: 'Where this program is: edges are ordered by their distance from here.',
    allowed: REGION_NAMES,
    schema: is.region,
  },
  'edges are ordered by measured round-trip time',
)

export const OWN_REGIONS = optional(
  {
    name: 'SWARMLAMBDA_REGIONS',
    key: 'regions',
    about: 'Regions of your own, with their degrees north and east. The same on every edge.',
    allowed: 'name=latitude/longitude, separated by commas, such as dc-lyon=45.75/4.85',
    schema: is.ownRegions,
  },
  'none',
)

export const HTTP_HOST = variable(
  { name: 'SWARMLAMBDA_HTTP_HOST', key: 'http.host', about: 'Address of the HTTP gateway.', allowed: HOST, schema: is.host },
  '127.0.0.1',
)

export const HTTP_PORT = variable(
  { name: 'SWARMLAMBDA_HTTP_PORT', key: 'http.port', about: 'Port of the HTTP gateway.', allowed: PORT, schema: is.integer(0, 65_535) },
  '8787',
)

export const TLS_CERT = optional(
  {
    name: 'SWARMLAMBDA_TLS_CERT',
    key: 'tls.cert',
    about: 'Certificates of HTTPS, each with those between it and its root; read again when they change. Turns HTTPS on.',
    allowed: 'paths of PEM files, separated by commas',
    schema: is.paths,
  },
  'none, no HTTPS',
)

export const TLS_KEY = optional(
  {
    name: 'SWARMLAMBDA_TLS_KEY',
    key: 'tls.key',
    about: "The certificates' private keys.",
    allowed: 'paths of PEM files, one for each certificate, in the same order',
    schema: is.paths,
  },
  'none',
)

export const HTTPS_HOST = optional(
  { name: 'SWARMLAMBDA_HTTPS_HOST', key: 'tls.host', about: 'Address of the HTTPS gateway.', allowed: HOST, schema: is.host },
  'that of HTTP',
)

export const HTTPS_PORT = variable(
  { name: 'SWARMLAMBDA_HTTPS_PORT', key: 'tls.port', about: 'Port of the HTTPS gateway.', allowed: PORT, schema: is.integer(0, 65_535) },
  '8443',
)

export const HTTP_REDIRECT = variable(
  {
    name: 'SWARMLAMBDA_HTTP_REDIRECT',
    key: 'tls.redirect',
    about: 'Whether the HTTP port only shows the way to HTTPS; health checks it answers all the same.',
    allowed: 'on or off',
    schema: z.enum(['on', 'off']),
  },
  'off',
)

export const HSTS = variable(
  {
    name: 'SWARMLAMBDA_HSTS',
    key: 'tls.hsts',
    about: 'Seconds for which browsers shall use nothing but HTTPS (Strict-Transport-Security); 0: not said.',
    allowed: 'a number from 0 to 63072000',
    schema: is.integer(0, 63_072_000),
  },
  '0',
)

export const ACME_NAMES = optional(
  {
    name: 'SWARMLAMBDA_ACME_NAMES',
    key: 'acme.names',
    about: 'Names for which a certificate is ordered from a certificate authority, and renewed, by one edge for all. Turns HTTPS on.',
    allowed: 'domain names, separated by commas, such as fn.example.org,*.fn.example.org',
    schema: is.certificateNames,
  },
  'none, no certificate is ordered',
)

export const ACME_DIRECTORY = variable(
  {
    name: 'SWARMLAMBDA_ACME_DIRECTORY',
    key: 'acme.directory',
    about: "The certificate authority. Whoever names it agrees to its terms. A private one's root belongs in NODE_EXTRA_CA_CERTS.",
    allowed: 'an https URL of an ACME directory (RFC 8555)',
    schema: is.httpsUrl,
  },
  'https://acme-v02.api.letsencrypt.org/directory',
)

export const ACME_EMAIL = optional(
  { name: 'SWARMLAMBDA_ACME_EMAIL', key: 'acme.email', about: 'Where the certificate authority may write to.', allowed: 'an e-mail address', schema: is.email },
  'none',
)

export const ACME_CHALLENGE = variable(
  {
    name: 'SWARMLAMBDA_ACME_CHALLENGE',
    key: 'acme.challenge',
    about: 'How the certificate authority sees that the names are ours: a page on port 80 of any edge, or a TXT record of the DNS server of any edge, which *.names need.',
    allowed: 'http-01 or dns-01',
    schema: z.enum(['http-01', 'dns-01']),
  },
  'http-01',
)

export const ACME_RETRIES = variable(
  {
    name: 'SWARMLAMBDA_ACME_RETRIES',
    key: 'acme.retries',
    about: 'Waits before an order that failed is tried again; the last one from then on.',
    allowed: 'milliseconds, separated by commas',
    schema: is.milliseconds,
  },
  '60000,600000,3600000,10800000,43200000',
)

export const STATE_DIR = optional(
  {
    name: 'SWARMLAMBDA_STATE_DIR',
    key: 'edge.state_dir',
    about: "This edge's own directory: identity, registry, caches.",
    allowed: 'a path of a directory no other edge uses',
    schema: is.path,
  },
  '.swarm-lambda/<cluster id>/<node name>',
)

export const PEERS = optional(
  {
    name: 'SWARMLAMBDA_PEERS',
    key: 'mesh.peers',
    about: 'Where to send discovery beacons besides loopback: UDP, 47800 for the first edge of a machine, 47801 for the next.',
    allowed: 'host:port, separated by commas, such as 10.0.0.7:47800',
    schema: is.endpoints,
  },
  'none',
)

export const BOOTSTRAP = variable(
  {
    name: 'SWARMLAMBDA_BOOTSTRAP',
    key: 'mesh.bootstrap',
    about: 'The DHT nodes through which edges find each other over the internet.',
    allowed: `public, none, or ${ENDPOINTS}`,
    schema: is.bootstrap,
  },
  'public',
)

export const HOSTS = optional(
  {
    name: 'SWARMLAMBDA_HOSTS',
    key: 'http.hosts',
    about: 'Further names under which clients call this edge (Host header).',
    allowed: 'host names or IP addresses, separated by commas',
    schema: is.hosts,
  },
  'the name of dns.zone and lambda.mesh, names under them, and loopback only',
)

export const CONTROL = variable(
  {
    name: 'SWARMLAMBDA_CONTROL',
    key: 'control.access',
    about: 'Whether control calls (deploy, list, delete) need a token; "auto": unless the address is loopback.',
    allowed: 'auto or token',
    schema: z.enum(['auto', 'token']),
  },
  'auto',
)

export const EDGES_CONTROL = variable(
  {
    name: 'SWARMLAMBDA_CONTROL',
    key: 'control.access',
    about: 'What the edges on loopback were told; a proxy that others can reach wants "token" there and here.',
    allowed: 'auto or token',
    schema: z.enum(['auto', 'token']),
  },
  'auto',
)

export const THREADS = optional(
  {
    name: 'SWARMLAMBDA_THREADS',
    key: 'limits.threads',
    about: 'Threads that serve HTTP and run functions.',
    allowed: 'a number from 1 to 256',
    schema: is.integer(1, 256),
  },
  'chosen from the machine',
)

export const MAX_MEMORY = optional(
  {
    name: 'SWARMLAMBDA_MAX_MEMORY_MB',
    key: 'limits.memory_mb',
    about: 'The most memory a function may ask for, MB.',
    allowed: 'a number from 16 to 4096',
    schema: is.integer(16, 4096),
  },
  'chosen from the machine',
)

export const MAX_CONNECTIONS = variable(
  {
    name: 'SWARMLAMBDA_MAX_CONNECTIONS',
    key: 'limits.connections',
    about: 'Connections of clients that may be open at once; more are closed.',
    allowed: 'a number from 1 to 1000000',
    schema: is.integer(1, 1_000_000),
  },
  '20000',
)

export const SLOTS = optional(
  {
    name: 'SWARMLAMBDA_SLOTS',
    key: 'limits.slots',
    about: 'How many sandboxes may exist at once.',
    allowed: 'a number from 1 to 100000',
    schema: is.integer(1, 100_000),
  },
  'chosen from the machine',
)

export const EVENT_RETRIES = variable(
  {
    name: 'SWARMLAMBDA_EVENT_RETRIES',
    key: 'events.retries',
    about: 'Waits before an asynchronous invocation that failed is tried again, as AWS Lambda does.',
    allowed: 'milliseconds, separated by commas',
    schema: is.milliseconds,
  },
  '60000,120000',
)

export const SHORTEST_RATE = variable(
  {
    name: 'SWARMLAMBDA_SHORTEST_RATE',
    key: 'schedules.shortest_rate',
    about: "The shortest period that a schedule's rate() may have.",
    allowed: 'milliseconds, from 1000 to 86400000',
    schema: is.integer(1_000, 86_400_000),
  },
  '60000',
)

export const PROXY_HOST = variable(
  { name: 'SWARMLAMBDA_PROXY_HOST', key: 'proxy.host', about: 'Address of the proxy.', allowed: HOST, schema: is.host },
  '127.0.0.1',
)

export const PROXY_PORT = variable(
  { name: 'SWARMLAMBDA_PROXY_PORT', key: 'proxy.port', about: 'Port of the proxy.', allowed: PORT, schema: is.integer(0, 65_535) },
  '8790',
)

export const EDGES = variable(
  {
    name: 'SWARMLAMBDA_EDGES',
    key: 'proxy.edges',
    about: 'HTTP gateways of the edges.',
    allowed: ENDPOINTS,
    schema: is.endpoints,
  },
  '127.0.0.1:8787,127.0.0.1:8788,127.0.0.1:8789',
)

export const DNS_HOST = variable(
  { name: 'SWARMLAMBDA_DNS_HOST', key: 'dns.host', about: 'Address of the DNS server.', allowed: HOST, schema: is.host },
  '127.0.0.1',
)

export const DNS_PORT = variable(
  {
    name: 'SWARMLAMBDA_DNS_PORT',
    key: 'dns.port',
    about: 'Port of the DNS server, UDP and TCP.',
    allowed: PORT,
    schema: is.integer(0, 65_535),
  },
  '8753',
)

export const DNS_ZONE = variable(
  {
    name: 'SWARMLAMBDA_DNS_ZONE',
    key: 'dns.zone',
    about: 'The name of the mesh: the DNS server answers it, and all names under it, with the nearest live edge; function URLs are under it.',
    allowed: 'a domain name of letters, digits, hyphens and dots, at most 180 characters',
    schema: is.zone,
  },
  'lambda.mesh',
)

export const DNS_TTL = variable(
  {
    name: 'SWARMLAMBDA_DNS_TTL',
    key: 'dns.ttl',
    about: 'Seconds for which resolvers may keep an answer.',
    allowed: 'a number from 0 to 86400',
    schema: is.integer(0, 86_400),
  },
  '5',
)

export const DNS_SERVERS = optional(
  {
    name: 'SWARMLAMBDA_DNS_NS',
    key: 'dns.ns',
    about: 'Name servers of the zone, as the zone above it names them; with the address of each that is in the zone.',
    allowed: 'name or name=address, separated by commas, such as ns1.fn.example.org=192.0.2.1',
    schema: is.nameServers,
  },
  'ns.<zone>, this server',
)

export const DNS_ISSUERS = optional(
  {
    name: 'SWARMLAMBDA_DNS_CAA',
    key: 'dns.caa',
    about: 'Certificate authorities that may issue for the zone (CAA).',
    allowed: 'domain names, separated by commas, such as letsencrypt.org',
    schema: is.dnsNames,
  },
  'none, any may',
)

export const DNS_PLACES = optional(
  {
    name: 'SWARMLAMBDA_DNS_MMDB',
    key: 'dns.mmdb',
    about: 'A database of places: each client gets the edges nearest to it, by EDNS Client Subnet or by its resolver.',
    allowed: "a path of a database of cities in MaxMind's format",
    schema: is.path,
  },
  'none, all clients get the edges nearest to this server',
)

export const DNS_KEY = optional(
  {
    name: 'SWARMLAMBDA_DNS_KEY',
    key: 'dns.key',
    about: 'File of the private key that signs the zone (DNSSEC), the same on every edge; "swarmlambda zone" prints its DS record.',
    allowed: 'a path of an EC P-256 key in PEM',
    schema: is.path,
  },
  'none, answers are not signed',
)

export const DNS_ANSWERS = optional(
  {
    name: 'SWARMLAMBDA_DNS_ANSWERS',
    key: 'dns.answers',
    about: 'How many edges an answer names, the nearest: clients pick any of them.',
    allowed: 'a number from 1 to 64',
    schema: is.integer(1, 64),
  },
  'all that are live',
)

export const DNS_RATE = variable(
  {
    name: 'SWARMLAMBDA_DNS_RATE',
    key: 'dns.rate',
    about: 'Answers a second over UDP for one network (IPv4 /24, IPv6 /56); 0: no limit.',
    allowed: 'a number from 0 to 1000000',
    schema: is.integer(0, 1_000_000),
  },
  '200',
)

export const DNS_SERVE = variable(
  {
    name: 'SWARMLAMBDA_DNS',
    key: 'dns.serve',
    about: 'Whether the edge answers DNS itself, for all edges of the mesh.',
    allowed: 'on or off',
    schema: z.enum(['on', 'off']),
  },
  'off',
)

export const PUBLIC_ADDRESS = optional(
  {
    name: 'SWARMLAMBDA_PUBLIC_ADDRESS',
    key: 'edge.address',
    about: 'Where clients and the page reach this edge, when that is not an address of this machine.',
    allowed: HOST,
    schema: is.host,
  },
  'an address of this machine',
)

export const LOG = variable(
  {
    name: 'SWARMLAMBDA_LOG',
    key: 'log.level',
    about: 'How much is logged to stderr.',
    allowed: `one of ${LOG_LEVELS.join(', ')}`,
    schema: z.enum(LOG_LEVELS),
  },
  'info',
)

export const LOG_FORMAT = variable(
  {
    name: 'SWARMLAMBDA_LOG_FORMAT',
    key: 'log.format',
    about: 'How a line of the log looks.',
    allowed: `one of ${LOG_FORMATS.join(', ')}`,
    schema: z.enum(LOG_FORMATS),
  },
  'text',
)

export const ENDPOINT = optional(
  {
    name: 'SWARMLAMBDA_ENDPOINT',
    key: 'client.endpoint',
    about: 'The edge or proxy that the command line talks to, unless --endpoint names one.',
    allowed: 'a URL such as http://127.0.0.1:8787',
    schema: z.url({ protocol: /^https?$/ }),
  },
  'http://127.0.0.1:8790, or else http://127.0.0.1:8787',
)

export const TOKEN = optional(
  {
    name: 'SWARMLAMBDA_TOKEN',
    key: 'client.token',
    about: 'What the command line shows to edges that ask for a token, unless --token does.',
    allowed: 'a token as "swarmlambda token" prints it',
    schema: z.string(),
  },
  'none',
  { secret: true },
)

const DNS_SETTINGS = [DNS_HOST, DNS_PORT, DNS_ZONE, DNS_TTL, DNS_SERVERS, DNS_ISSUERS, DNS_PLACES, DNS_KEY, DNS_ANSWERS, DNS_RATE] as const

export const EDGE_VARIABLES: readonly Variable[] = [
  CLUSTER_ID,
  CLUSTER_KEY,
  CLUSTER_KEY_FILE,
  NODE_NAME,
  OWN_REGIONS,
  EDGE_REGION,
  HTTP_HOST,
  HTTP_PORT,
  TLS_CERT,
  TLS_KEY,
  HTTPS_HOST,
  HTTPS_PORT,
  HTTP_REDIRECT,
  HSTS,
  ACME_NAMES,
  ACME_DIRECTORY,
  ACME_EMAIL,
  ACME_CHALLENGE,
  ACME_RETRIES,
  STATE_DIR,
  PEERS,
  BOOTSTRAP,
  HOSTS,
  CONTROL,
  THREADS,
  SLOTS,
  MAX_MEMORY,
  MAX_CONNECTIONS,
  EVENT_RETRIES,
  SHORTEST_RATE,
  PUBLIC_ADDRESS,
  DNS_SERVE,
  ...DNS_SETTINGS,
  LOG,
  LOG_FORMAT,
]

export const PROXY_VARIABLES: readonly Variable[] = [PROXY_HOST, PROXY_PORT, EDGES, EDGES_CONTROL, OWN_REGIONS, CLIENT_REGION, LOG, LOG_FORMAT]

export const DNS_VARIABLES: readonly Variable[] = [...DNS_SETTINGS, EDGES, OWN_REGIONS, CLIENT_REGION, LOG, LOG_FORMAT]

/** Of the command line. */
export const CLI_VARIABLES: readonly Variable[] = [ENDPOINT, TOKEN]

/** Names a file instead of holding a setting. */
export const CONFIG_FILE = 'SWARMLAMBDA_CONFIG'

/** Each once; of those that share a name the edge's. */
export const ALL_VARIABLES: readonly Variable[] = [...EDGE_VARIABLES, ...PROXY_VARIABLES, ...DNS_VARIABLES, ...CLI_VARIABLES].filter(
  ({ name }, index, all) => all.findIndex((other) => other.name === name) === index,
)

const KNOWN = new Set([CONFIG_FILE, ...ALL_VARIABLES.map(({ name }) => name)])

/** Names that look like ours and are not, most likely mistyped. One program's variables are fine beside another's. */
export const unknownVariables = (names: readonly string[]): string[] =>
  names.filter(name => name.startsWith('SWARMLAMBDA_') && !KNOWN.has(name))
