// `node scripts/production/board.mjs [EXECUTABLE]`: a small board, as far as this machine can be one: 1 GB of memory, one core, 39 bits of
// addresses, and a disk as slow as a memory card. An edge starts there, serves hello, takes 50 functions with a library of 1 MB each,
// and comes back with them. Needs root, cgroups, a loop device, mkfs.ext4 and the executable of `npm run package`.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { at } from '../lib/paths.mjs'
import { dim, green, main, say, Stop } from '../lib/terminal.mjs'

const MEMORY = 2 ** 30
const ADDRESSES = 2 ** 39
/** A second, of a memory card of the plainer kind. */
const DISK = { rbps: 40e6, wbps: 10e6, riops: 1_000, wiops: 200 }
const FUNCTIONS = 50
const LIBRARY_BYTES = 1e6
const READY_MS = 300_000
const CGROUPS = '/sys/fs/cgroup'

await main(async () => {
  const executable = resolve(process.argv[2] ?? at('.build/package', `linux-${process.arch}`, 'swarmlambda'))
  await access(executable).catch(() => Promise.reject(new Stop('Run first: npm run package -- --here')))
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-board-'))
  // What is undone at the end, the last first.
  const undo = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })]
  try {
    await tryBoard(executable, folder, undo)
  } finally {
    for (const step of undo.reverse()) await step()
  }
})

async function tryBoard(executable, folder, undo) {
  const disk = await openDisk(folder, undo)
  const groups = await openGroups(disk.device, undo)
  const board = { executable, groups, state: disk.path }

  const first = await startEdge(board, undo)
  say('board', `${first.engine} ${dim(`ready ${seconds(first.ms)} after its first start`)}`)
  await expect(201, `${first.url}/functions`, { name: 'hello', files: { 'index.js': 'exports.handler = async (e) => ({ ok: true, e })' } })
  await expect(200, `${first.url}/2015-03-31/functions/hello/invocations`, { name: 'world' }, '{"ok":true,"e":{"name":"world"}}')
  say('board', `hello answers ${dim(`with ${await peak(groups)} MB at the most, compiling included`)}`)
  const deploying = performance.now()
  for (let n = 0; n < FUNCTIONS; n++) await expect(201, `${first.url}/functions`, { name: `large-${n}`, files: largeFunction(n) })
  say('board', `${FUNCTIONS} functions with a library of 1 MB are deployed ${dim(`in ${seconds(performance.now() - deploying)}`)}`)
  await callAll(first.url)
  await first.stop()

  const second = await startEdge(board, undo)
  say('board', `started again with all of them ${dim(`in ${seconds(second.ms)}`)}`)
  await callAll(second.url)
  await second.stop()
  say('board', green(`within 1 GB, of which it had ${await peak(groups)} MB at the most (with what the kernel may take back)`))
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`
}

/** An ext4 file system of its own. */
async function openDisk(folder, undo) {
  const image = join(folder, 'image')
  const path = join(folder, 'disk')
  await mkdir(path)
  tool('truncate', '--size=3G', image)
  const device = tool('losetup', '--find', '--show', image)
  undo.push(() => void tool('losetup', '--detach', device))
  tool('mkfs.ext4', '-q', device)
  tool('mount', device, path)
  undo.push(() => void tool('umount', path))
  return { path, device: (await readFile(`/sys/block/${basename(device)}/dev`, 'utf8')).trim() }
}

/** Cgroups of either version: their folders. */
async function openGroups(device, undo) {
  const isUnified = await access(join(CGROUPS, 'cgroup.controllers')).then(() => true, () => false)
  const wanted = isUnified
    ? [['', { 'memory.max': MEMORY, 'memory.swap.max': 0, 'io.max': `${device} ${Object.entries(DISK).map(([name, most]) => `${name}=${most}`).join(' ')}` }]]
    : [
        ['memory', { 'memory.limit_in_bytes': MEMORY }],
        ['blkio', Object.fromEntries(Object.entries(DISK).map(([name, most]) => [`blkio.throttle.${name.replace(/^r/, 'read_').replace(/^w/, 'write_')}_device`, `${device} ${most}`]))],
      ]
  const groups = []
  for (const [controller, limits] of wanted) {
    const group = join(CGROUPS, controller, `swarmlambda-board-${process.pid}`)
    await mkdir(group)
    undo.push(() => rmdir(group))
    for (const [name, value] of Object.entries(limits)) await writeFile(join(group, name), String(value)).catch((error) => Promise.reject(new Stop(`${join(group, name)}: ${error.message}`)))
    groups.push(group)
  }
  return groups
}

/** MB; the kernel counts what it keeps of files, too. */
async function peak([group]) {
  for (const name of ['memory.peak', 'memory.max_usage_in_bytes']) {
    const text = await readFile(join(group, name), 'utf8').catch(() => null)
    if (text !== null) return Math.round(Number(text) / 1e6)
  }
  return '?'
}

async function startEdge({ executable, groups, state }, undo) {
  const enter = groups.map((group) => `echo $$ > ${group}/cgroup.procs`).join(' && ')
  const env = { PATH: process.env.PATH, HOME: state, SWARMLAMBDA_NODE_NAME: 'board', SWARMLAMBDA_HTTP_PORT: '0', SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_STATE_DIR: join(state, 'edge') }
  const started = performance.now()
  const child = spawn('sh', ['-c', `${enter} && exec prlimit --as=${ADDRESSES} taskset -c 0 "$0" edge`, executable], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    const [code, signal] = await ended
    if (code !== 0) throw new Stop(`the edge ended with ${code ?? signal}`)
  }
  undo.push(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  const url = await new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Stop(`not ready in time:\n${output}`)), READY_MS)
    child.once('exit', (code, signal) => failed(new Stop(`the edge ended (${code ?? signal}):\n${output}`)))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk
        const [, address] = /is ready on (\S+)\n/.exec(output) ?? []
        if (address === undefined) return
        clearTimeout(timer)
        found(address)
      })
    }
  })
  return { url, stop, ms: performance.now() - started, engine: /^engine: .*$/m.exec(output)?.[0] ?? '' }
}

/** Its own code and data, none like another's. */
function largeFunction(n) {
  let library = ''
  for (let item = 0; library.length < LIBRARY_BYTES; item++) {
    library += `exports.f${item} = function (a, b) { const it = { id: "${n}-${item}", name: "item ${(item * 7_919) % 10_007}", list: [${item}, ${n}] }; return a > ${item} ? it.list.map((x) => x * b) : it.name + a };\n`
  }
  return { 'index.js': `const library = require('./library'); exports.handler = async () => library.f1('!', 0) + Object.keys(library).length`, 'library.js': library }
}

async function callAll(url) {
  const times = []
  for (const round of [1, 2]) {
    for (let n = 0; n < FUNCTIONS; n++) {
      const started = performance.now()
      await expect(200, `${url}/2015-03-31/functions/large-${n}/invocations`, {}, /^"item 7919!\d+"$/)
      if (round === 2) times.push(performance.now() - started)
    }
  }
  times.sort((a, b) => a - b)
  say('board', `all of them answer ${dim(`in ${times[FUNCTIONS >> 1].toFixed(1)} ms, the slowest in ${times.at(-1).toFixed(0)}`)}`)
}

async function expect(status, url, body, answer) {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const text = await response.text()
  const isRight = answer === undefined || (typeof answer === 'string' ? text === answer : answer.test(text))
  if (response.status !== status || !isRight) throw new Stop(`${url} answered ${response.status} ${text.slice(0, 500)}`)
}

function tool(program, ...args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Stop(`${program}: ${error?.message ?? stderr.trim()}`)
  return stdout.trim()
}
