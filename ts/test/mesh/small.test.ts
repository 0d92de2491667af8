// A small board, as far as this machine can be one: 39 bits of addresses (RLIMIT_AS), one core, and 1 GB of memory where a
// cgroup can be made.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { functionMemoryMb, imageMemoryMb } from '../../lib/edge/machine.js'
import { call, deploy, invoke } from './harness/http.js'
import { start } from './harness/processes.js'

const ADDRESSES = 2 ** 39
const MEMORY = 2 ** 30
const GROUPS = [
  { folder: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { folder: '/sys/fs/cgroup', limit: 'memory.max' },
]

/** A cgroup of 1 GB; null: this user, or this machine, can't have one. */
const openGroup = async (): Promise<string | null> => {
  for (const { folder, limit } of GROUPS) {
    const group = join(folder, `swarmlambda-small-${process.pid}`)
    try {
      await readFile(join(folder, 'cgroup.procs'))
      await mkdir(group)
      await writeFile(join(group, limit), String(MEMORY))
      return group
    } catch {
      await rmdir(group).catch(() => null)
    }
  }
  return null
}

test('an edge on a small board chooses smaller pools, says so, and serves', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const group = await openGroup()
  t.diagnostic(group === null ? 'no cgroup can be made here: the memory is not limited' : `memory limited by ${group}`)
  const enter = group === null ? '' : `echo $$ > ${group}/cgroup.procs && `
  const command = `${enter}exec prlimit --as=${ADDRESSES} taskset -c 0 ${process.execPath} bin/edge.js`
  const env = { SWARMLAMBDA_NODE_NAME: 'small', SWARMLAMBDA_HTTP_PORT: '0', SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_STATE_DIR: join(folder, 'small') }
  const edge = start('sh', ['-c', command], { env })
  t.after(async () => {
    await edge.kill()
    await rm(folder, { recursive: true, force: true })
    if (group !== null) await rmdir(group).catch(() => null)
  })
  assert.match(await edge.line('engine: '), /^engine: 250 sandboxes of up to 512 MB, 1 thread/)
  const url = /http:\S+/.exec(await edge.line('is ready on', 120_000))?.[0] ?? ''
  assert.equal((await deploy(url, 'hello', 'exports.handler = async (e) => ({ ok: true, e })')).status, 201)
  assert.equal((await invoke(url, 'hello', { name: 'world' })).text, '{"ok":true,"e":{"name":"world"}}')
  // What a function must not have there is refused where it is deployed.
  const greedy = await deploy(url, 'greedy', 'exports.handler = async () => 1', { memorySize: 1_024 })
  assert.equal(greedy.status, 400, greedy.text)
  const bomb = 'exports.handler = async () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)) }'
  assert.equal((await deploy(url, 'bomb', bomb, { memorySize: 512, failover: 'never' })).status, 201)
  assert.match((await invoke(url, 'bomb')).text, /errorType/)
  assert.equal((await call('GET', `${url}/healthz`)).status, 200)
})

test('one function may ask for half of the memory', () => {
  assert.deepEqual([2 ** 26, 2 ** 30, 2 ** 35].map(functionMemoryMb), [64, 512, 4_096])
  assert.equal(imageMemoryMb(2 ** 30), 256)
})
