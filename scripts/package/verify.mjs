// The contract of the README, with nothing on the machine but the file: three edges and a proxy in an empty folder, no PATH, and
// the oldest C library that will do. This CPU's runs where there is nothing else (chroot), another's under qemu-user.
import { spawn } from 'node:child_process'
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../lib/ports.mjs'
import { run } from '../lib/run.mjs'
import { dim, green, say, Stop } from '../lib/terminal.mjs'
import { emulator } from './engines.mjs'
import { oldestFor } from './oldest.mjs'

const EDGES = [['edge-a', 'us-west-sfo'], ['edge-b', 'us-east-iad'], ['edge-c', 'eu-central-fra']]
/** An upper bound under an emulator on a busy machine. */
const READY_MS = 900_000
/** One that the package has native code for. */
const CPU = 'cortex-a72'
const HELLO = { name: 'hello', handler: 'index.handler', files: { 'index.js': 'exports.handler=async(e)=>({ok:true,e});' } }

/** `isHere`: it was built with this machine's C library, so it is run with that. */
export const verify = async (target, executable, isHere = false) => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-verify-'))
  const isEmulated = target.arch !== process.arch
  const isAlone = !isEmulated && !isHere
  const command = isAlone ? await alone(target, executable, folder) : [...(isEmulated ? emulator(target, CPU) : []), executable]
  const home = isAlone ? '/home' : folder
  const children = []
  const start = (name, args, env) => {
    const [program, ...rest] = [...command, ...args]
    const child = spawn(program, rest, { cwd: folder, env: { HOME: home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    return ready(child, name)
  }
  try {
    const started = performance.now()
    const version = await start('version', ['--version'], {})
    say(target.arch, `${version}: unpacked and answered in ${Math.round(performance.now() - started)} ms`)
    // qemu-user keeps a note of every page, also of those that are only reserved: a thousand sandboxes' take it hours.
    const emulation = isEmulated ? { ESBUILD_BINARY_PATH: await emulated(target, folder), SWARMLAMBDA_SLOTS: '8' } : {}
    const ports = await freePorts(EDGES.length + 1)
    for (const [index, [name, region]] of EDGES.entries()) {
      const env = { ...emulation, SWARMLAMBDA_CLUSTER_ID: 'local', SWARMLAMBDA_CLUSTER_KEY: '', SWARMLAMBDA_NODE_NAME: name, SWARMLAMBDA_REGION: region, SWARMLAMBDA_HTTP_PORT: String(ports[index]), SWARMLAMBDA_STATE_DIR: `.swarm-lambda/local/${name}`, SWARMLAMBDA_BOOTSTRAP: 'none' }
      const again = performance.now()
      const line = await start(name, ['edge'], env)
      say(target.arch, `${line} ${dim(`${Math.round(performance.now() - again)} ms after its start`)}`)
    }
    const edges = ports.slice(0, EDGES.length).map((port) => `127.0.0.1:${port}`)
    const proxy = `http://127.0.0.1:${ports.at(-1)}`
    say(target.arch, await start('proxy', ['proxy'], { SWARMLAMBDA_PROXY_PORT: String(ports.at(-1)), SWARMLAMBDA_EDGES: edges.join() }))
    await until('three edges see each other', async () => {
      const { edges: seen } = await (await fetch(`http://${edges[0]}/cluster`)).json()
      return seen.filter(({ state }) => state === 'up').length === EDGES.length
    })
    say(target.arch, `POST /functions: ${await expect('deploys', 201, `${proxy}/functions?wait=all`, HELLO)}`)
    for (const edge of [...edges.map((address) => `http://${address}`), proxy]) {
      const text = await expect('invokes', 200, `${edge}/2015-03-31/functions/hello/invocations`, { name: 'world' })
      if (text !== '{"ok":true,"e":{"name":"world"}}') throw new Stop(`${edge} answered ${text}`)
      say(target.arch, `POST ${edge}/2015-03-31/functions/hello/invocations: ${text}`)
    }
    const page = await (await fetch(`${proxy}/`)).text()
    if (!page.includes('<div id="root"')) throw new Stop('the page is not there')
    say(target.arch, green('hello answers on three edges and through the proxy; the page is there'))
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The words before its arguments that run it with a copy of the oldest libraries as all there is. Needs root. */
const alone = async (target, executable, folder) => {
  if (process.getuid() !== 0) throw new Stop('To verify, root is needed: the executable runs where nothing else is (chroot).')
  const root = join(folder, 'root')
  await cp(oldestFor(target), root, { recursive: true, verbatimSymlinks: true })
  for (const name of ['dev', 'home', 'proc', 'tmp']) await mkdir(join(root, name))
  for (const [name, minor] of [['null', '3'], ['zero', '5'], ['urandom', '9']]) await run('mknod', ['-m', '666', join(root, 'dev', name), 'c', '1', minor])
  await copyFile(executable, join(root, 'swarmlambda'))
  return ['unshare', '--mount', '--pid', '--fork', '--kill-child', `--root=${root}`, '--wd=/home', '--mount-proc', '/swarmlambda']
}

/** The line that says it is ready, or what a command that ends prints first. */
const ready = (child, name) =>
  new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Stop(`${name} was not ready in time:\n${output}`)), READY_MS)
    const hear = (chunk) => {
      output += chunk
      const line = output.split('\n').slice(0, -1).find((one) => (name === 'version' ? one !== '' : one.includes('is ready on')))
      if (line === undefined) return
      clearTimeout(timer)
      resolve(line)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.on('error', reject)
    child.on('exit', (code) => reject(new Stop(`${name} ended (${code}):\n${output}`)))
  })

const expect = async (what, status, url, body) => {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const text = await response.text()
  if (response.status !== status) throw new Stop(`${what}: ${url} answered ${response.status} ${text}`)
  return text
}

const until = async (what, isTrue) => {
  const end = performance.now() + READY_MS
  while (performance.now() < end) {
    if (await isTrue().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Stop(`not so in time: ${what}`)
}

/** The kernel here does not know the target's programs: those that the edge starts need words for qemu too. */
const emulated = async (target, folder) => {
  const home = join(folder, '.cache/swarmlambda')
  const [root] = (await readdir(home)).filter((name) => !name.includes('-'))
  const script = join(folder, 'esbuild')
  const where = '/usr/bin:/bin'
  await writeFile(script, `#!/bin/sh\nPATH=${where} exec ${emulator(target, CPU).join(' ')} ${join(home, root, 'bin/esbuild')} "$@"\n`)
  await chmod(script, 0o755)
  return script
}
