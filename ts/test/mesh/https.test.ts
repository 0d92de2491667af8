// HTTPS as clients see it: curl, node:https and node:http2, with certificates made here and replaced while the edge serves.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { deploy } from './harness/http.js'
import { startEdge, type Edge } from './harness/edges.js'
import { start } from './harness/processes.js'

let folder = ''
let edge: Edge
let port = 0

/** `<file>.pem` and `<file>.key`, for a name. */
const makeCertificate = (file: string, name: string): void => {
  const files = ['-keyout', join(folder, `${file}.key`), '-out', join(folder, `${file}.pem`)]
  const about = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '30']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...files, ...about], { stdio: 'ignore' })
}

const environment = (): Record<string, string> => ({
  SWARMLAMBDA_TLS_CERT: `${join(folder, 'a.pem')},${join(folder, 'b.pem')}`,
  SWARMLAMBDA_TLS_KEY: `${join(folder, 'a.key')},${join(folder, 'b.key')}`,
  SWARMLAMBDA_HTTPS_PORT: '0',
  SWARMLAMBDA_HTTP_REDIRECT: 'on',
  SWARMLAMBDA_HSTS: '300',
  SWARMLAMBDA_DNS_ZONE: 'fn.example.org',
})

const curl = (...args: string[]): string =>
  execFileSync('curl', ['--silent', '--show-error', '--max-time', '20', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** What a client that sends this name is shown. */
const fingerprint = async (servername: string): Promise<string> => {
  const socket = connectTls({ host: '127.0.0.1', port, servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  makeCertificate('a', 'lambda.mesh')
  makeCertificate('b', '*.b.test')
  makeCertificate('next', 'lambda.mesh')
  const { SWARMLAMBDA_HTTP_REDIRECT: _, ...open } = environment()
  // Deployed over plain HTTP, then only HTTPS is left.
  await using first = await startEdge({ name: 'edge-a', folder, env: open })
  const echo = 'exports.handler = async (e) => ({ proto: e.headers?.["x-forwarded-proto"] ?? null, name: e.name ?? null })'
  assert.equal((await deploy(first.url, 'echo', echo)).status, 201)
  await first.stop()
  edge = await startEdge({ name: 'edge-a', folder, env: environment() })
  port = Number(new URL(/https:\S+/.exec(await edge.line('https on'))?.[0] ?? '').port)
})

after(async () => {
  await edge.kill()
  await rm(folder, { recursive: true, force: true })
})

test('curl invokes over TLS 1.3 and HTTP/2, and is shown the way there from HTTP', () => {
  const trust = ['--cacert', join(folder, 'a.pem'), '--resolve', `lambda.mesh:${port}:127.0.0.1`, '--resolve', `lambda.mesh:${edge.port}:127.0.0.1`]
  const url = `https://lambda.mesh:${port}/2015-03-31/functions/echo/invocations`
  const how = '\n%{http_version} %{ssl_verify_result}'
  assert.equal(curl(...trust, '--tlsv1.3', '--http2', '-d', '{"name":"x"}', '-w', how, url), '{"proto":null,"name":"x"}\n2 0')
  assert.equal(curl(...trust, '--tls-max', '1.2', '--http1.1', '-d', '{"name":"x"}', '-w', how, url), '{"proto":null,"name":"x"}\n1.1 0')
  assert.match(curl(...trust, '--http2', `https://lambda.mesh:${port}/functions`), new RegExp(`"url":"https://lambda\\.mesh:${port}/2015`), 'a control call, whose host HTTP/2 names elsewhere')
  assert.match(curl(...trust, `https://lambda.mesh:${port}/2015-03-31/functions/echo`), new RegExp(`"Location":"https://lambda\\.mesh:${port}/`))
  const plain = url.replace('https:', 'http:').replace(String(port), String(edge.port))
  assert.equal(curl(...trust, '--location', '-d', '{"name":"y"}', plain), '{"proto":null,"name":"y"}')
  assert.match(curl(...trust, '-d', '{}', '-D', '-', '-o', '/dev/null', url), /strict-transport-security: max-age=300/i)
  assert.match(curl(`http://127.0.0.1:${edge.port}/healthz`), /"ready":true/)
  assert.throws(() => curl('--resolve', `lambda.mesh:${port}:127.0.0.1`, url), /certificate/)
})

test("a function's URL is under the zone of the mesh, as are names of functions", () => {
  const json = ['-H', 'content-type: application/json', '-d', '{"AuthType":"NONE"}']
  const here = ['--insecure', '--connect-to', `::127.0.0.1:${port}`]
  const { FunctionUrl: url } = JSON.parse(curl(...here, ...json, `https://fn.example.org:${port}/2021-10-31/functions/echo/url`)) as { FunctionUrl: string }
  assert.match(url, new RegExp(`^https://[a-z2-7]+\\.lambda-url\\.[a-z0-9-]+\\.fn\\.example\\.org:${port}/$`))
  for (const each of [url, `https://echo.fn.example.org:${port}/`, url.replace('fn.example.org', 'lambda.mesh')]) {
    assert.equal(curl(...here, each), '{"proto":"https","name":null}', each)
  }
})

test('a function behind HTTP sees that the request came by TLS', async () => {
  const ca = await readFile(join(folder, 'a.pem'))
  const request = get({ host: '127.0.0.1', port, path: '/fn/echo/', ca, servername: 'lambda.mesh', headers: { host: 'lambda.mesh', 'x-forwarded-proto': 'http' } })
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  assert.equal(text, '{"proto":"https","name":null}')
})

test('node speaks HTTP/2', async () => {
  const session = connectHttp2(`https://lambda.mesh:${port}`, { ca: await readFile(join(folder, 'a.pem')), host: '127.0.0.1', lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) })
  const stream = session.request({ ':method': 'POST', ':path': '/2015-03-31/functions/echo/invocations' })
  stream.end('{"name":"h2"}')
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  assert.equal(text, '{"proto":null,"name":"h2"}')
  session.close()
})

test('certificates are chosen by name, and taken anew when their files change or SIGHUP says so', async () => {
  const [first, second] = [await fingerprint('lambda.mesh'), await fingerprint('x.b.test')]
  assert.notEqual(first, second)
  assert.equal(await fingerprint('elsewhere.test'), first)

  // As a renewal does it: one file after the other. Between them they do not belong together.
  await copyFile(join(folder, 'next.pem'), join(folder, 'renewed'))
  await rename(join(folder, 'renewed'), join(folder, 'a.pem'))
  edge.signal('SIGHUP')
  await edge.line('a.key is not the private key of')
  assert.equal(await fingerprint('lambda.mesh'), first)
  await copyFile(join(folder, 'next.key'), join(folder, 'a.key'))
  await edge.line('the certificates were read again')
  const renewed = await fingerprint('lambda.mesh')
  assert.notEqual(renewed, first)
  assert.equal(await fingerprint('x.b.test'), second)
})

test('an edge whose certificate cannot be used says which file, and does not start', async () => {
  await writeFile(join(folder, 'broken.pem'), 'no certificate')
  const env = { ...environment(), SWARMLAMBDA_TLS_CERT: join(folder, 'broken.pem'), SWARMLAMBDA_TLS_KEY: join(folder, 'a.key') }
  const failed = start(process.execPath, ['bin/edge.js'], { env: { SWARMLAMBDA_HTTP_PORT: '0', SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_STATE_DIR: join(folder, 'edge-b'), ...env } })
  assert.match(await failed.line('swarmlambda: '), /broken\.pem holds no certificate in PEM/)
  assert.equal(await failed.exited, 1)
})
