import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDGE_VARIABLES, parseDnsConfig, parseEdgeConfig, parseProxyConfig, unknownVariables } from '../../lib/config.js'
import { SwarmError } from '../../lib/errors.js'

/** The one line a wrong configuration ends with. */
const refusal = (parse: () => unknown): string => {
  try {
    parse()
  } catch (error) {
    assert.ok(error instanceof SwarmError)
    assert.equal(error.code, 'CONFIG_INVALID')
    assert.doesNotMatch(error.message, /[\r\n]/)
    return error.message
  }
  return assert.fail('was accepted')
}

test('an edge with nothing set runs on loopback as a cluster of its own', () => {
  assert.deepEqual(parseEdgeConfig({}, 'Laptop_7.fritz.box'), {
    clusterId: 'local',
    clusterKey: null,
    nodeName: 'edge-laptop-7',
    region: 'local',
    httpHost: '127.0.0.1',
    httpPort: 8787,
    https: null,
    stateDir: '.swarm-lambda/local/edge-laptop-7',
    peers: [],
    bootstrap: 'public',
    zone: 'lambda.mesh',
    hosts: [],
    needsToken: false,
    threads: null,
    slots: null,
    maxMemoryMb: null,
    maxConnections: 20_000,
    publicAddress: null,
    dns: null,
    eventRetriesMs: [60_000, 120_000],
    shortestRateMs: 60_000,
    traceRatio: null,
    logLevel: 'info',
    logFormat: 'text',
  })
})

test('every variable of an edge is read', () => {
  const key = 'AB'.repeat(32)
  const environment: Record<string, string> = {
    SWARMLAMBDA_CLUSTER_ID: 'home',
    SWARMLAMBDA_CLUSTER_KEY: `${key}\n`,
    SWARMLAMBDA_NODE_NAME: 'edge-a',
    SWARMLAMBDA_REGION: 'us-west-sfo',
    SWARMLAMBDA_HTTP_HOST: '[::1]',
    SWARMLAMBDA_HTTP_PORT: '0',
    SWARMLAMBDA_TLS_CERT: '/tls/a.pem, /tls/b.pem',
    SWARMLAMBDA_TLS_KEY: '/tls/a.key,/tls/b.key',
    SWARMLAMBDA_HTTPS_HOST: '0.0.0.0',
    SWARMLAMBDA_HTTPS_PORT: '443',
    SWARMLAMBDA_HTTP_REDIRECT: 'on',
    SWARMLAMBDA_HSTS: '86400',
    SWARMLAMBDA_ACME_NAMES: 'Fn.example.org, *.fn.example.org',
    SWARMLAMBDA_ACME_DIRECTORY: 'https://ca.example/dir',
    SWARMLAMBDA_ACME_EMAIL: 'hostmaster@example.org',
    SWARMLAMBDA_ACME_CHALLENGE: 'dns-01',
    SWARMLAMBDA_ACME_RETRIES: '5,10',
    SWARMLAMBDA_STATE_DIR: '/tmp/a',
    SWARMLAMBDA_PEERS: 'pi.lan:47800, [fe80::1]:47801',
    SWARMLAMBDA_BOOTSTRAP: '127.0.0.1:49737',
    SWARMLAMBDA_HOSTS: 'Edge.Example.org,10.0.0.7',
    SWARMLAMBDA_CONTROL: 'token',
    SWARMLAMBDA_THREADS: '2',
    SWARMLAMBDA_SLOTS: '64',
    SWARMLAMBDA_MAX_MEMORY_MB: '512',
    SWARMLAMBDA_MAX_CONNECTIONS: '100',
    SWARMLAMBDA_REGIONS: 'dc-x=1.5/-2',
    SWARMLAMBDA_CLUSTER_KEY_FILE: '/key',
    SWARMLAMBDA_EVENT_RETRIES: '5, 10',
    SWARMLAMBDA_SHORTEST_RATE: '2000',
    SWARMLAMBDA_LOG: 'debug',
    SWARMLAMBDA_LOG_FORMAT: 'json',
  }
  const zone = {
    SWARMLAMBDA_DNS_HOST: '0.0.0.0',
    SWARMLAMBDA_DNS_PORT: '53',
    SWARMLAMBDA_DNS_ZONE: 'Fn.Example.org.',
    SWARMLAMBDA_DNS_TTL: '20',
    SWARMLAMBDA_DNS_NS: 'ns1.fn.example.org=192.0.2.1, ns.example.net',
    SWARMLAMBDA_DNS_CAA: 'letsencrypt.org',
    SWARMLAMBDA_DNS_MMDB: '/city.mmdb',
    SWARMLAMBDA_DNS_KEY: '/dns.key',
    SWARMLAMBDA_DNS_ANSWERS: '2',
    SWARMLAMBDA_DNS_RATE: '50',
  }
  Object.assign(environment, zone, { SWARMLAMBDA_DNS: 'on', SWARMLAMBDA_PUBLIC_ADDRESS: '192.0.2.1' })
  assert.deepEqual(Object.keys(environment).sort(), EDGE_VARIABLES.map(({ name }) => name).sort())
  assert.deepEqual(parseEdgeConfig(environment), {
    clusterId: 'home',
    clusterKey: key.toLowerCase(),
    nodeName: 'edge-a',
    region: 'us-west-sfo',
    httpHost: '::1',
    httpPort: 0,
    https: {
      host: '0.0.0.0',
      port: 443,
      certificates: [
        { certificate: '/tls/a.pem', key: '/tls/a.key' },
        { certificate: '/tls/b.pem', key: '/tls/b.key' },
      ],
      redirect: true,
      acme: { names: ['fn.example.org', '*.fn.example.org'], directory: 'https://ca.example/dir', email: 'hostmaster@example.org', challenge: 'dns-01', retriesMs: [5, 10] },
      hstsSeconds: 86_400,
    },
    stateDir: '/tmp/a',
    peers: [
      { host: 'pi.lan', port: 47800 },
      { host: 'fe80::1', port: 47801 },
    ],
    bootstrap: [{ host: '127.0.0.1', port: 49737 }],
    zone: 'fn.example.org',
    hosts: ['edge.example.org', '10.0.0.7'],
    needsToken: true,
    threads: 2,
    slots: 64,
    maxMemoryMb: 512,
    maxConnections: 100,
    eventRetriesMs: [5, 10],
    shortestRateMs: 2_000,
    publicAddress: '192.0.2.1',
    dns: {
      host: '0.0.0.0',
      port: 53,
      zone: 'fn.example.org',
      ttlSeconds: 20,
      nameServers: [
        { name: 'ns1.fn.example.org', address: '192.0.2.1' },
        { name: 'ns.example.net', address: null },
      ],
      issuers: ['letsencrypt.org'],
      placesFile: '/city.mmdb',
      keyFile: '/dns.key',
      mostAnswers: 2,
      answersPerSecond: 50,
    },
    traceRatio: null,
    logLevel: 'debug',
    logFormat: 'json',
  })
})

test('a variable set to nothing counts as not set', () => {
  const empty = Object.fromEntries(EDGE_VARIABLES.map(({ name }) => [name, name.endsWith('KEY') ? '' : '  ']))
  assert.deepEqual(parseEdgeConfig(empty, 'x'), parseEdgeConfig({}, 'x'))
})

test('the proxy and the DNS server know the three edges of the tour without being told', () => {
  const edges = [8787, 8788, 8789].map(port => ({ host: '127.0.0.1', port }))
  assert.deepEqual(parseProxyConfig({}), { host: '127.0.0.1', port: 8790, edges, region: null, logLevel: 'info', logFormat: 'text' })
  const dns = parseDnsConfig({ SWARMLAMBDA_DNS_ZONE: 'Mesh.Example.', SWARMLAMBDA_REGION: 'eu-west-ams' })
  assert.deepEqual(dns, {
    host: '127.0.0.1',
    port: 8753,
    edges,
    region: 'eu-west-ams',
    zone: 'mesh.example',
    ttlSeconds: 5,
    nameServers: [],
    issuers: [],
    placesFile: null,
    keyFile: null,
    mostAnswers: null,
    answersPerSecond: 200,
    logLevel: 'info',
    logFormat: 'text',
  })
})

test('a proxy that others can reach does not open the control API of edges on loopback', () => {
  const line = refusal(() => parseProxyConfig({ SWARMLAMBDA_PROXY_HOST: '0.0.0.0' }))
  assert.match(line, /SWARMLAMBDA_PROXY_HOST is "0\.0\.0\.0".*allowed: .*SWARMLAMBDA_CONTROL=token/)
  assert.equal(parseProxyConfig({ SWARMLAMBDA_PROXY_HOST: '0.0.0.0', SWARMLAMBDA_CONTROL: 'token' }).host, '0.0.0.0')
  assert.equal(parseProxyConfig({ SWARMLAMBDA_PROXY_HOST: '0.0.0.0', SWARMLAMBDA_EDGES: '10.0.0.1:8787' }).host, '0.0.0.0')
})

test('a certificate turns HTTPS on, and needs its key', () => {
  const given = { SWARMLAMBDA_TLS_CERT: 'a.pem', SWARMLAMBDA_TLS_KEY: 'a.key' }
  const certificates = [{ certificate: 'a.pem', key: 'a.key' }]
  assert.deepEqual(parseEdgeConfig(given).https, { host: '127.0.0.1', port: 8443, certificates, acme: null, redirect: false, hstsSeconds: null })
  assert.match(refusal(() => parseEdgeConfig({ ...given, SWARMLAMBDA_TLS_KEY: '' })), /1 and 0 files; allowed: a key for each certificate/)
  assert.deepEqual(parseEdgeConfig({ SWARMLAMBDA_ACME_NAMES: 'a.example' }).https?.acme?.names, ['a.example'])
  assert.match(refusal(() => parseEdgeConfig({ SWARMLAMBDA_ACME_NAMES: '*.a.example' })), /no page can show to be ours; allowed with SWARMLAMBDA_ACME_CHALLENGE=dns-01/)
})

test('control calls need a token where the gateway is not on loopback, or when told so', () => {
  assert.equal(parseEdgeConfig({}).needsToken, false)
  const https = { SWARMLAMBDA_TLS_CERT: 'a.pem', SWARMLAMBDA_TLS_KEY: 'a.key', SWARMLAMBDA_HTTPS_HOST: '0.0.0.0' }
  assert.equal(parseEdgeConfig(https).needsToken, true)
  assert.equal(parseEdgeConfig({ SWARMLAMBDA_HTTP_HOST: '0.0.0.0' }).needsToken, true)
  assert.equal(parseEdgeConfig({ SWARMLAMBDA_CONTROL: 'token' }).needsToken, true)
})

test('the same edge listed twice counts once', () => {
  const { edges } = parseProxyConfig({ SWARMLAMBDA_EDGES: 'a:1,b:1,A:1,a:2' })
  assert.deepEqual(
    edges.map(({ host, port }) => `${host}:${port}`),
    ['a:1', 'b:1', 'a:2'],
  )
})

const WRONG: [name: string, value: string, allowed: RegExp][] = [
  ['SWARMLAMBDA_CLUSTER_ID', '../up', /letters, digits/],
  ['SWARMLAMBDA_NODE_NAME', 'Edge_A', /lower-case letters/],
  ['SWARMLAMBDA_NODE_NAME', '-edge', /lower-case letters/],
  ['SWARMLAMBDA_NODE_NAME', 'a'.repeat(64), /at most 63/],
  ['SWARMLAMBDA_REGION', 'mars', /one of us-west-sfo, .*eu-central-fra, .*local, or of SWARMLAMBDA_REGIONS$/],
  ['SWARMLAMBDA_HTTP_HOST', 'a b', /IP address or a host name/],
  ['SWARMLAMBDA_HTTP_HOST', '300.1.1.1', /IP address or a host name/],
  ['SWARMLAMBDA_HTTP_PORT', '65536', /0 to 65535/],
  ['SWARMLAMBDA_HTTP_PORT', '-1', /0 to 65535/],
  ['SWARMLAMBDA_HTTP_PORT', '80x', /0 to 65535/],
  ['SWARMLAMBDA_HTTP_PORT', '1e3', /0 to 65535/],
  ['SWARMLAMBDA_PEERS', 'pi.lan', /host:port/],
  ['SWARMLAMBDA_BOOTSTRAP', 'private', /public, none, or host:port/],
  ['SWARMLAMBDA_HOSTS', 'a,,b', /host names/],
  ['SWARMLAMBDA_THREADS', '0', /1 to 256/],
  ['SWARMLAMBDA_SLOTS', 'many', /1 to 100000/],
  ['SWARMLAMBDA_LOG', 'loud', /one of silent, error, warn, info, debug/],
]

for (const [name, value, allowed] of WRONG) {
  test(`an edge refuses ${name}=${value}`, () => {
    const line = refusal(() => parseEdgeConfig({ [name]: value }))
    assert.ok(line.includes(name) && line.includes(value), line)
    assert.match(line, allowed)
  })
}

const EDGES = ['127.0.0.1', '127.0.0.1:', ':8787', '127.0.0.1:0', '127.0.0.1:70000', 'a:1,', 'a:1 b:2', '::1:8787']
for (const value of [...EDGES, '[::1]', '[127.0.0.1]:80', 'http://a:1', '1.2.3:4', Array(65).fill('a:1').join()]) {
  test(`the proxy refuses the edges ${value.slice(0, 30)}`, () => {
    const line = refusal(() => parseProxyConfig({ SWARMLAMBDA_EDGES: value }))
    assert.ok(line.includes('SWARMLAMBDA_EDGES') && line.includes(value.slice(0, 30)), line)
    assert.match(line, /allowed: host:port, separated by commas/)
  })
}

test('the DNS server refuses a zone that is no domain name, and a wrong TTL', () => {
  for (const value of ['lambda..mesh', '-x.mesh', '10.0.0.1', 'a'.repeat(181)]) {
    assert.match(
      refusal(() => parseDnsConfig({ SWARMLAMBDA_DNS_ZONE: value })),
      /^SWARMLAMBDA_DNS_ZONE is .*domain name/,
    )
  }
  assert.match(
    refusal(() => parseDnsConfig({ SWARMLAMBDA_DNS_TTL: '-5' })),
    /^SWARMLAMBDA_DNS_TTL is "-5"/,
  )
})

test('a value with line breaks is still one line, and a long one is cut', () => {
  assert.match(
    refusal(() => parseEdgeConfig({ SWARMLAMBDA_REGION: 'a\nb' })),
    /"a\\nb"/,
  )
  assert.ok(refusal(() => parseEdgeConfig({ SWARMLAMBDA_HTTP_HOST: 'x'.repeat(5000) })).length < 300)
})

for (const [what, key] of [['nearly right', '0123456789abcdef'.repeat(4).slice(1)], ['short', 'hunter2'], ['of two words', `${'ab'.repeat(32)} hunter2`]] as const) {
  test(`nothing of a cluster key that is ${what} is shown`, () => {
    const line = refusal(() => parseEdgeConfig({ SWARMLAMBDA_CLUSTER_KEY: key }))
    assert.equal(line, `SWARMLAMBDA_CLUSTER_KEY is malformed (${key.length} characters, not shown); allowed: 64 hexadecimal digits, or nothing to use the key file`)
  })
}

test('a mistyped variable is noticed, those of another program are not', () => {
  const names = ['SWARMLAMBDA_REGON', 'SWARMLAMBDA_DNS_PORT', 'SWARMLAMBDA_HTTP_PORT', 'PATH']
  assert.deepEqual(unknownVariables(names), ['SWARMLAMBDA_REGON'])
})

test("OpenTelemetry's own variables say whether traces are collected, and how many", () => {
  const ratioOf = (env: Record<string, string>): number | null => parseEdgeConfig(env).traceRatio
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
  assert.equal(ratioOf(endpoint), 1)
  assert.equal(ratioOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces', OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' }), 0.1)
  assert.equal(ratioOf({ ...endpoint, OTEL_TRACES_SAMPLER: 'always_off' }), 0)
  assert.equal(ratioOf({ ...endpoint, OTEL_SDK_DISABLED: 'true' }), null)
  assert.throws(() => ratioOf({ ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10' }), /OTEL_TRACES_SAMPLER_ARG is "10"; allowed: a number from 0 to 1/)
})
