// Two edges in two network namespaces, joined by a virtual cable: they meet by mDNS, are cut apart, and heal. To be
// run as root of a network namespace of its own. Prints what it measured, exits 0 when all went well. Not a test.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { spawnEdge, temporaryDirectory, type EdgeProcess } from './harness.js'

const run = promisify(execFile)
const ip = (...parameters: string[]) => run('ip', parameters)

await ip('link', 'set', 'lo', 'up')
const directory = await temporaryDirectory()
const clusterKey = randomBytes(32)
const start = (name: string, by?: readonly [string, ...string[]]): Promise<EdgeProcess> =>
  spawnEdge({ clusterKey, name, stateDir: join(directory.path, name), beaconPorts: [], mdns: true, ...(by && { by }) })
const a = await start('a')
const b = await start('b', ['unshare', '-n'])
const there = ['nsenter', '-t', String(b.child.pid), '-n', 'ip'] as const
const ipThere = (...parameters: string[]) => run(there[0], [...there.slice(1), ...parameters])

// The edges are up before there is a network: they have to notice it.
await ip('link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(b.child.pid))
await ip('addr', 'add', '10.77.0.1/24', 'dev', 'cable')
await ipThere('addr', 'add', '10.77.0.2/24', 'dev', 'cable')
await ipThere('link', 'set', 'lo', 'up')
await ipThere('link', 'set', 'cable', 'up')
await ip('link', 'set', 'cable', 'up')
const pluggedAt = Date.now()

const meet = async (): Promise<number> => {
  const met = await Promise.all([a.report('peer'), b.report('peer')])
  return Math.max(...met.map(({ at }) => at))
}
console.log(`met by mDNS ${(await meet()) - pluggedAt} ms after the cable was there`)
a.tell({ type: 'publish', name: 'before', text: 'before' })
await b.report('change', ({ name }) => name === 'before')

await ip('link', 'set', 'cable', 'down')
const cutAt = Date.now()
for (const edge of [a, b]) {
  const lost = await edge.report('lost')
  console.log(`lost ${lost.at - cutAt} ms after the cut`)
}
for (const [edge, text] of [
  [a, 'from a'],
  [b, 'from b'],
] as const)
  edge.tell({ type: 'publish', name: 'hello', text })
const one = await a.report('published', ({ text }) => text === 'from a')
const two = await b.report('published', ({ text }) => text === 'from b')
const winner = one.revisionId > two.revisionId ? one : two
const behind = winner === one ? b : a

await ip('link', 'set', 'cable', 'up')
const healedAt = Date.now()
console.log(`met again ${(await meet()) - healedAt} ms after it was plugged in`)
await behind.report('change', ({ revisionId }) => revisionId === winner.revisionId)
// A third deploy, seen on both: nobody kept the loser.
behind.tell({ type: 'publish', name: 'hello', text: 'after' })
const last = await behind.report('published', ({ text }) => text === 'after')
await (behind === a ? b : a).report('change', ({ revisionId }) => revisionId === last.revisionId)

await Promise.all([a, b].map((edge) => edge.kill('SIGKILL')))
await directory[Symbol.asyncDispose]()
