// The programs as their users start them: each a process of its own, from bin/.

import assert from 'node:assert/strict'
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Script } from 'node:vm'
import { DNS_VARIABLES, PROXY_VARIABLES } from '../../lib/config.js'
import { VERSION } from '../../lib/version.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const BINS = [
  { name: 'proxy', variables: PROXY_VARIABLES, port: 'SWARMLAMBDA_PROXY_PORT', host: 'SWARMLAMBDA_PROXY_HOST' },
  { name: 'dns', variables: DNS_VARIABLES, port: 'SWARMLAMBDA_DNS_PORT', host: 'SWARMLAMBDA_DNS_HOST' },
]

type Child = ChildProcessByStdio<null, Readable, Readable>

const start = (name: string, env: Record<string, string>, argv: string[] = [], root = ROOT): Child =>
  spawn(process.execPath, [join(root, 'bin', `${name}.js`), ...argv], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

/** The exit code; -1 when a signal ended it. */
const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise(resolve => child.on('exit', code => resolve(code ?? -1)))

/** Runs it to its end. */
const run = async (...args: Parameters<typeof start>) => {
  const child = start(...args)
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)])
  return { stdout, stderr, code }
}

/** The line that says it is ready. */
const untilReady = async (child: Child): Promise<string> => {
  for await (const line of createInterface(child.stdout)) if (line.includes('is ready on')) return line
  return assert.fail(await text(child.stderr))
}

for (const { name, variables, port, host } of BINS) {
  test(`${name} --help lists its variables and --version its version`, async () => {
    const help = await run(name, { [port]: 'wrong' }, ['--help'])
    assert.equal(help.code, 0)
    for (const variable of variables) assert.ok(help.stdout.includes(`  ${variable.name} (${variable.key})\n`))
    const version = await run(name, {}, ['--version'])
    assert.deepEqual(version, { stdout: `SwarmLambda ${name} ${VERSION}\n`, stderr: '', code: 0 })
  })

  test(`${name} refuses what it does not know`, async () => {
    const { stderr, code } = await run(name, {}, ['--port=1'])
    assert.equal(code, 1)
    assert.match(stderr, /^swarmlambda: unknown argument "--port=1": .*--help.*\n$/)
  })

  for (const [variable, value, allowed] of [
    [port, '65536', 'a port from 0 to 65535'],
    [host, 'not a host', 'an IP address or a host name'],
    ['SWARMLAMBDA_EDGES', '127.0.0.1:8787,nowhere', 'host:port'],
    ['SWARMLAMBDA_REGION', 'mars', 'one of us-west-sfo, '],
    ['SWARMLAMBDA_LOG', 'loud', 'one of silent, '],
    [host, '192.0.2.1', 'an address of this machine'],
  ] as const) {
    test(`${name} stops with one line for ${variable}=${value}`, async () => {
      const { stdout, stderr, code } = await run(name, { [port]: '0', SWARMLAMBDA_CONTROL: 'token', [variable]: value })
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, /^swarmlambda: [^\n]+\n$/)
      for (const part of [variable, value, `allowed: ${allowed}`]) assert.ok(stderr.includes(part), stderr)
    })
  }

  test(`${name} says who to ask when its port is taken`, async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    assert.ok(typeof address === 'object' && address !== null)
    const { stderr, code } = await run(name, { [port]: String(address.port) })
    other.close()
    assert.equal(code, 1)
    assert.equal(
      stderr,
      `swarmlambda: ${port} is ${address.port}, but something already listens on 127.0.0.1:${address.port}; ` +
        `stop it, or set ${port} to a free port\n`,
    )
  })

  test(`${name} is ready with no edge up, and ends gracefully at a signal`, async () => {
    const env = { [port]: '0', SWARMLAMBDA_EDGES: '127.0.0.1:1', SWARMLAMBDA_LOG: 'silent', SWARMLAMBDA_REGON: 'x' }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const child = start(name, env)
      const url = name === 'proxy' ? /^proxy is ready on http:\/\/127\.0\.0\.1:\d+$/ : /^dns is ready on 127\.0\.0\.1:\d+$/
      assert.match(await untilReady(child), url)
      child.kill(signal)
      const [stderr, code] = await Promise.all([text(child.stderr), exitOf(child)])
      assert.equal(code, 0)
      assert.match(stderr, /^swarmlambda: SWARMLAMBDA_REGON [^\n]+\n$/)
    }
  })
}

test('a second signal ends a program at once', async () => {
  const hanging = join(ROOT, 'dist', 'lib', 'cli.js')
  const source = `
    const { run, untilStopped } = await import(${JSON.stringify(hanging)})
    await run({ name: 'x', about: '', variables: [], main: async ({ signal }) => {
      console.log('x is ready on')
      await untilStopped(signal)
      console.log('stopping')
      await new Promise(resolve => setTimeout(resolve, 60_000))
    } }, [], {})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  const exit = exitOf(child)
  child.kill('SIGINT')
  assert.equal((await lines.next()).value, 'stopping')
  child.kill('SIGINT')
  assert.equal(await exit, 130)
})

test('programs begin with the code that the build compiled', async () => {
  const { load } = (await import(join(ROOT, 'bin/launch.js'))) as { load: () => { script: Script } }
  assert.equal(load().script.cachedDataRejected, false)
})

test('a launcher that finds nothing built says what to do', async () => {
  const root = await mkdtemp(join(tmpdir(), 'swarmlambda-'))
  try {
    await cp(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true })
    await mkdir(join(root, 'bindings'))
    await writeFile(join(root, 'package.json'), '{"type":"module"}')
    for (const name of ['edge', 'proxy', 'dns', 'swarmlambda']) {
      const { stdout, stderr, code } = await run(name, {}, [], root)
      const said = 'SwarmLambda is not built yet. Run: npm install\n'
      assert.deepEqual({ stdout, stderr, code }, { stdout: '', stderr: said, code: 1 })
    }
  } finally {
    await rm(root, { recursive: true })
  }
})
