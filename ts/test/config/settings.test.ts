// swarmlambda.toml, the environment and key files: what wins, and what is said about what is wrong.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadSettings, parseDnsConfig, parseEdgeConfig } from '../../lib/config.js'
import { SwarmError } from '../../lib/errors.js'
import { cleanEnvironment, ROOT } from '../mesh/harness/processes.js'

let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const fileOf = async (text: string, name = 'swarmlambda.toml'): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** What is said about a file, without its folder. */
const refusal = async (text: string): Promise<string> => {
  const error: unknown = await loadSettings({}, await fileOf(text)).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SwarmError && error.code === 'CONFIG_INVALID')
  assert.doesNotMatch(error.message, /[\r\n]/)
  return error.message.replace(`${folder}/`, '')
}

const FILE = `# an edge of ours
[cluster]
id = "home"

[edge]
name = "edge-a"
region = "dc-lyon"
state_dir = "/var/lib/swarmlambda"

[http]
host = "0.0.0.0"
port = 80
hosts = ["fn.example.org", "10.0.0.7"]

[tls]
cert = ["/tls/a.pem"]
key = ["/tls/a.key"]
redirect = true

[mesh]
peers = ["10.0.0.8:47800"]
bootstrap = "none"

[limits]
connections = 500
memory_mb = 256

[dns]
zone = "fn.example.org"

[regions.dc-lyon]
latitude = 45.75
longitude = 4.85
`

test('a file sets what the environment does not, with the same words', async () => {
  const settings = await loadSettings({ SWARMLAMBDA_HTTP_PORT: '8080', SWARMLAMBDA_NODE_NAME: ' ' }, await fileOf(FILE))
  const edge = parseEdgeConfig(settings.values)
  assert.equal(edge.httpPort, 8080)
  assert.equal(edge.nodeName, 'edge-a')
  assert.equal(edge.region, 'dc-lyon')
  assert.deepEqual(edge.hosts, ['fn.example.org', '10.0.0.7'])
  assert.deepEqual(edge.peers, [{ host: '10.0.0.8', port: 47800 }])
  assert.equal(edge.https?.redirect, true)
  assert.deepEqual([edge.maxConnections, edge.maxMemoryMb], [500, 256])
  assert.equal(parseDnsConfig(settings.values).zone, 'fn.example.org')
  const place = (name: string) => settings.places.get(name)?.replace(`${folder}/`, '')
  assert.equal(place('SWARMLAMBDA_HTTP_PORT'), 'environment')
  assert.equal(place('SWARMLAMBDA_NODE_NAME'), 'swarmlambda.toml:6')
  assert.equal(place('SWARMLAMBDA_REGIONS'), 'swarmlambda.toml:31')
  assert.equal(place('SWARMLAMBDA_HSTS'), undefined)
})

test('what is wrong in a file is said with its line', async () => {
  assert.match(await refusal('[http]\nport = 70000\n'), /^swarmlambda\.toml:2: http\.port is "70000"; allowed: a port from 0 to 65535/)
  assert.match(await refusal('[http]\n\nprot = 80\n'), /^swarmlambda\.toml:3: http\.prot is no setting: did you mean http\.port\?/)
  assert.match(await refusal('[entirely]\nelse = 1\n'), /^swarmlambda\.toml:2: entirely\.else is no setting: "swarmlambda config example" lists all/)
  assert.match(await refusal('[http]\nport = \n'), /^swarmlambda\.toml:2:\d+: /)
  assert.match(await refusal(`[cluster]\nkey = "${'a'.repeat(64)}"\n`), /^swarmlambda\.toml:2: cluster\.key is a secret and does not belong here: set cluster\.key_file/)
  assert.match(await refusal('[edge]\nregion = "dc-nowhere"\n'), /^swarmlambda\.toml:2: edge\.region is "dc-nowhere"/)
  assert.match(await refusal('[regions.dc-x]\nlatitude = 100\nlongitude = 0\n'), /^swarmlambda\.toml:1: regions is "dc-x=100\/0"; allowed: name=latitude\/longitude/)
  assert.match(await refusal('[http]\nhosts = ["a,b"]\n'), /^swarmlambda\.toml:2: http\.hosts is /)
  await assert.rejects(loadSettings({}, join(folder, 'missing.toml')), /missing\.toml is not there/)
})

test('the cluster key is in the environment, a file, or a credential of systemd', async () => {
  const [first, second, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(64))
  const file = await fileOf(`${second}\n`, 'key')
  await fileOf(`${third}\n`, 'cluster.key')
  const keyOf = async (env: Record<string, string>) => parseEdgeConfig((await loadSettings(env, await fileOf(''))).values).clusterKey
  const both = { SWARMLAMBDA_CLUSTER_KEY_FILE: file, CREDENTIALS_DIRECTORY: folder }
  assert.equal(await keyOf({ ...both, SWARMLAMBDA_CLUSTER_KEY: first ?? '' }), first)
  assert.equal(await keyOf(both), second)
  assert.equal(await keyOf({ CREDENTIALS_DIRECTORY: folder }), third)
  assert.equal(await keyOf({ CREDENTIALS_DIRECTORY: join(folder, 'none') }), null)
  await assert.rejects(keyOf({ SWARMLAMBDA_CLUSTER_KEY_FILE: join(folder, 'none') }), /SWARMLAMBDA_CLUSTER_KEY_FILE \(cluster\.key_file\) is .* which is not there/)
})

test('a key file that holds no key is named, and nothing of it is shown', async () => {
  const file = await fileOf('hunter2\n')
  await assert.rejects(loadSettings({ SWARMLAMBDA_CLUSTER_KEY_FILE: file }), (error: Error) => {
    assert.equal(error.message, `the cluster key in ${file} is malformed (7 characters, not shown); allowed: 64 hexadecimal digits`)
    return true
  })
})

const check = (env: Record<string, string>, ...args: string[]) =>
  spawnSync(process.execPath, ['bin/swarmlambda.js', 'config', ...args], { cwd: ROOT, encoding: 'utf8', env: cleanEnvironment(env) })

test('config check shows every value and where it is from, and no secret', async () => {
  const file = await fileOf(FILE.replace(/\[tls\][^[]*\["[^[]*\["[^[]*/, ''))
  const { status, stdout, stderr } = check({ SWARMLAMBDA_CLUSTER_KEY: 'd'.repeat(64), SWARMLAMBDA_HTTP_PORT: '8080' }, 'check', file)
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^http\.port +8080 +environment$/m)
  assert.match(stdout, /^edge\.name +edge-a +.*swarmlambda\.toml:6$/m)
  assert.match(stdout, /^log\.level +info +default$/m)
  assert.match(stdout, /^cluster\.key +\(64 characters, not shown\) +environment$/m)
  assert.doesNotMatch(stdout, /dddd/)
})

test('config check fails for a certificate that cannot be used', async () => {
  const { status, stderr } = check({}, 'check', await fileOf(FILE))
  assert.notEqual(status, 0)
  assert.match(stderr, /\/tls\/a\.pem cannot be read/)
})

test('the example is a configuration in which nothing is set', async () => {
  const { status, stdout } = check({}, 'example')
  assert.equal(status, 0)
  assert.match(stdout, /^# port =$/m)
  const settings = await loadSettings({}, await fileOf(stdout))
  assert.equal(settings.places.size, 0)
})
