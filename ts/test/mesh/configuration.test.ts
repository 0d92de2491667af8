// bin/edge.js: what it says when it is configured badly, and when something else is in its way.
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { Resolver } from 'node:dns/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startEdge } from './harness/edges.js'
import { call, invoke } from './harness/http.js'
import { runToEnd } from './harness/processes.js'

let folder = ''
before(async () => { folder = await mkdtemp(join(tmpdir(), 'swarm-')) })
after(() => rm(folder, { recursive: true, force: true }))

const run = (env: Record<string, string>, ...args: string[]) =>
  runToEnd(process.execPath, ['bin/edge.js', ...args], { env: { SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_STATE_DIR: join(folder, 'never'), SWARMLAMBDA_HTTP_PORT: '0', ...env } })

describe('bin/edge.js', () => {
  const bad: Record<string, [Record<string, string>, RegExp]> = {
    'an unknown region': [{ SWARMLAMBDA_REGION: 'mars-north' }, /SWARMLAMBDA_REGION.*mars-north.*us-west-sfo/],
    'a port that is no number': [{ SWARMLAMBDA_HTTP_PORT: 'http' }, /SWARMLAMBDA_HTTP_PORT.*http.*65535/],
    'a port that is too big': [{ SWARMLAMBDA_HTTP_PORT: '70000' }, /SWARMLAMBDA_HTTP_PORT.*70000.*65535/],
    'a key that is no key': [{ SWARMLAMBDA_CLUSTER_KEY: 'secret' }, /SWARMLAMBDA_CLUSTER_KEY.*64/],
    'peers without a port': [{ SWARMLAMBDA_PEERS: '10.0.0.1' }, /SWARMLAMBDA_PEERS.*10\.0\.0\.1/],
    'a bootstrap that is none': [{ SWARMLAMBDA_BOOTSTRAP: 'maybe' }, /SWARMLAMBDA_BOOTSTRAP.*maybe.*public/],
    'no threads': [{ SWARMLAMBDA_THREADS: '0' }, /SWARMLAMBDA_THREADS.*0.*256/],
    'a name with a slash': [{ SWARMLAMBDA_NODE_NAME: 'a/b' }, /SWARMLAMBDA_NODE_NAME.*a\/b/],
    'an unknown argument': [{}, /--bogus/],
  }
  for (const [name, [env, message]] of Object.entries(bad)) {
    test(`stops with one line for ${name}`, async () => {
      const { code, output } = await run(env, ...(name === 'an unknown argument' ? ['--bogus'] : []))
      assert.equal(code, 1)
      assert.equal(output.trimEnd().split('\n').length, 1, output)
      assert.match(output, message)
    })
  }
  test('nothing was made for a configuration that is wrong', async () => {
    await assert.rejects(stat(join(folder, 'never')))
  })
  test('--help lists every variable, --version the version', async () => {
    const help = await run({}, '--help')
    assert.equal(help.code, 0)
    for (const name of ['CLUSTER_ID', 'CLUSTER_KEY', 'NODE_NAME', 'REGION', 'HTTP_HOST', 'HTTP_PORT', 'STATE_DIR', 'PEERS', 'BOOTSTRAP']) {
      assert.ok(help.output.includes(`SWARMLAMBDA_${name}`), name)
    }
    assert.match((await run({}, '--version')).output, /\d+\.\d+\.\d+/)
  })

  test('a state directory that is a file', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const { code, output } = await run({ SWARMLAMBDA_STATE_DIR: file })
    assert.equal(code, 1)
    assert.match(output, /SWARMLAMBDA_STATE_DIR ".*file" is no directory this process can write to/)
  })
  test('a key file that holds no key', async () => {
    const own = await mkdtemp(join(folder, 'key-'))
    await writeFile(join(own, 'cluster.key'), 'not a key')
    const { code, output } = await run({ SWARMLAMBDA_STATE_DIR: join(own, 'edge') })
    assert.equal(code, 1)
    assert.match(output, /cluster\.key does not hold a key/)
  })
  test('a port that somebody listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { code, output } = await run({ SWARMLAMBDA_HTTP_PORT: String(port), SWARMLAMBDA_STATE_DIR: join(folder, 'taken'), SWARMLAMBDA_LOG: 'error' })
    server.close()
    assert.equal(code, 1)
    assert.match(output, new RegExp(`127\\.0\\.0\\.1:${port}`))
    assert.match(output, /in use|already/)
  })
  test('bound elsewhere than on loopback: control calls need a token of the cluster key, invocations do not', async () => {
    const env = { SWARMLAMBDA_HTTP_HOST: '0.0.0.0' }
    await using edge = await startEdge({ name: 'edge-b', folder, env })
    const url = `http://127.0.0.1:${edge.port}`
    const hello = { name: 'hello', files: { 'index.js': 'exports.handler = async () => 1' } }
    assert.match(edge.output(), /control calls need a token/)
    assert.equal((await call('POST', `${url}/functions`, hello)).status, 403)
    assert.equal((await call('GET', `${url}/metrics`)).status, 403)
    const minted = await runToEnd(process.execPath, ['bin/swarmlambda.js', 'token', '1'], { env: { SWARMLAMBDA_STATE_DIR: join(folder, 'edge-b') } })
    assert.equal(minted.code, 0, minted.output)
    const deployed = await call('POST', `${url}/functions`, hello, { authorization: `Bearer ${minted.output.trim()}` })
    assert.equal(deployed.status, 201, deployed.text)
    assert.equal((await invoke(url, 'hello')).text, '1')
  })
  test('SIGHUP takes what of the file may change while it runs, and says what waits for a restart', async () => {
    const file = join(folder, 'swarmlambda.toml')
    const write = (host: string, ttl: number | string, more = ''): Promise<void> => writeFile(file, `[http]\nhosts = ["${host}"]\n[dns]\nserve = true\nport = 0\nzone = "fn.example"\nttl = ${ttl}\n${more}`)
    await write('one.example', 7)
    await using edge = await startEdge({ name: 'edge-c', folder, env: { SWARMLAMBDA_CONFIG: file } })
    const resolver = new Resolver({ timeout: 5_000 })
    resolver.setServers([/127\.0\.0\.1:\d+/.exec(await edge.line('dns for fn.example on'))?.[0] ?? ''])
    const ttl = async (): Promise<number | undefined> => (await resolver.resolve4('fn.example', { ttl: true }))[0]?.ttl
    const status = async (host: string): Promise<number> => (await call('GET', `${edge.url}/functions`, null, { host })).status
    assert.deepEqual([await ttl(), await status('one.example'), await status('two.example')], [7, 200, 403])

    await write('two.example', '"soon"')
    edge.signal('SIGHUP')
    assert.match(await edge.line('dns.ttl is "soon"'), /swarmlambda\.toml:7/)
    assert.deepEqual([await ttl(), await status('one.example')], [7, 200])

    await write('two.example', 11, '[limits]\nconnections = 50\n')
    edge.signal('SIGHUP')
    assert.match(await edge.line('the configuration was read again'), /http\.hosts,dns\.ttl/)
    assert.match(await edge.line('take effect at a restart'), /limits\.connections/)
    assert.deepEqual([await ttl(), await status('one.example'), await status('two.example')], [11, 403, 200])
  })
  test('a state directory that another edge has; that one serves on, and stops cleanly', async () => {
    await using edge = await startEdge({ name: 'edge-a', folder })
    const second = await run({ SWARMLAMBDA_STATE_DIR: join(folder, 'edge-a'), SWARMLAMBDA_LOG: 'error' })
    assert.equal(second.code, 1)
    assert.match(second.output, /in use/)
    assert.equal((await call('GET', `${edge.url}/healthz`)).status, 200)
    assert.equal(await edge.stop(), 0)
  })
})
