// Edges as processes, and what signals do to them.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'

import { freePorts, spawnEdge, temporaryDirectory, type EdgeProcess } from './harness.js'

// How long each takes is told, not judged: that depends on what else the machine does. That silence of 3 s is a death is
// judged in liveness.test.ts.

const open = async (names: readonly string[]) => {
  const directory = await temporaryDirectory()
  const clusterKey = randomBytes(32)
  const beaconPorts = await freePorts(4)
  const all = new Set<EdgeProcess>()
  const start = async (name: string): Promise<EdgeProcess> => {
    const edge = await spawnEdge({ clusterKey, name, stateDir: join(directory.path, name), beaconPorts })
    all.add(edge)
    return edge
  }
  const edges = await Promise.all(names.map(start))
  return {
    edges,
    start,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...all].map((edge) => edge[Symbol.asyncDispose]()))
      await directory[Symbol.asyncDispose]()
    },
  }
}

const meet = async (one: EdgeProcess, oneName: string, other: EdgeProcess, otherName: string): Promise<void> => {
  await Promise.all([
    one.report('peer', ({ name }) => name === otherName),
    other.report('peer', ({ name }) => name === oneName),
  ])
}

test('an edge that is killed is known dead by its silence, and back when it starts again', async (t) => {
  await using cluster = await open(['a', 'b'])
  const [a, first] = cluster.edges
  assert.ok(a && first)
  let b = first
  await meet(a, 'a', b, 'b')
  // Twice each way: whichever of the two dials.
  for (let round = 0; round < 2; round += 1) {
    const killedAt = Date.now()
    await b.kill('SIGKILL')
    const lost = await a.report('lost', ({ name, at }) => name === 'b' && at >= killedAt)
    assert.ok('reason' in lost && lost.reason === 'timeout')
    const startedAt = Date.now()
    b = await cluster.start('b')
    const back = await a.report('peer', ({ name, at }) => name === 'b' && at >= startedAt)
    t.diagnostic(`known dead after ${lost.at - killedAt} ms, back ${back.at - startedAt} ms after its start`)
  }
})

test('an edge that is killed and restarted at once is back', async (t) => {
  await using cluster = await open(['a', 'b', 'c'])
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  await Promise.all([meet(a, 'a', b, 'b'), c.report('peer', ({ name }) => name === 'b')])
  await b.kill('SIGKILL')
  const startedAt = Date.now()
  await cluster.start('b')
  for (const edge of [a, c]) {
    const back = await edge.report('peer', ({ name, at }) => name === 'b' && at >= startedAt)
    t.diagnostic(`back ${back.at - startedAt} ms after its start`)
  }
})

test('a stopped edge is lost, and meets the others again when it goes on', async (t) => {
  await using cluster = await open(['a', 'b'])
  const [a, b] = cluster.edges
  assert.ok(a && b)
  await meet(a, 'a', b, 'b')
  const stoppedAt = Date.now()
  await b.kill('SIGSTOP')
  const lost = await a.report('lost', ({ name, at }) => name === 'b' && at >= stoppedAt)
  t.diagnostic(`lost after ${lost.at - stoppedAt} ms`)
  const continuedAt = Date.now()
  await b.kill('SIGCONT')
  const back = await a.report('peer', ({ name, at }) => name === 'b' && at >= continuedAt)
  t.diagnostic(`back ${back.at - continuedAt} ms after it went on`)
})

test('three processes started at the same instant are a mesh', async (t) => {
  const startedAt = Date.now()
  await using cluster = await open(['a', 'b', 'c'])
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  const reports = await Promise.all([
    a.report('peer', ({ name }) => name === 'b'),
    b.report('peer', ({ name }) => name === 'c'),
    c.report('peer', ({ name }) => name === 'a'),
  ])
  t.diagnostic(`mesh ${Math.max(...reports.map(({ at }) => at)) - startedAt} ms after the start of the processes`)
})

test('every acknowledged deploy survives kill -9', async () => {
  await using cluster = await open(['a'])
  const [a] = cluster.edges
  assert.ok(a)
  const acknowledged: string[] = []
  a.child.on('message', (message) => {
    const report = message as { type: string; name: string }
    if (report.type === 'published') acknowledged.push(report.name)
  })
  for (let index = 0; index < 60; index += 1) a.tell({ type: 'publish', name: `f${index}`, text: `text ${index}` })
  await a.report('published', ({ name }) => name === 'f20')
  await a.kill('SIGKILL')
  assert.ok(acknowledged.includes('f20'))
  // A second edge, that has nothing, gets from the restarted one what was acknowledged.
  const again = await cluster.start('a')
  const b = await cluster.start('b')
  for (const name of acknowledged) {
    if (!b.reports.some((report) => report.type === 'change' && report.name === name))
      await b.report('change', (report) => report.name === name)
  }
  // And the restarted one deploys on.
  again.tell({ type: 'publish', name: 'after', text: 'after' })
  await b.report('change', ({ name }) => name === 'after')
})

test('a deploy is seen on every edge', async (t) => {
  await using cluster = await open(['a', 'b', 'c'])
  const [a, b, c] = cluster.edges
  assert.ok(a && b && c)
  await Promise.all([meet(a, 'a', b, 'b'), meet(a, 'a', c, 'c')])
  const visible: number[] = []
  const acknowledged: number[] = []
  for (let index = 0; index < 60; index += 1) {
    const name = `f${index}`
    const startedAt = Date.now()
    a.tell({ type: 'publish', name, text: name })
    const seen = await Promise.all([a, b, c].map((edge) => edge.report('change', (report) => report.name === name)))
    visible.push(Math.max(...seen.map(({ at }) => at)) - startedAt)
    const ack = await a.report('published', (report) => report.name === name)
    acknowledged.push(ack.at - startedAt)
  }
  const figures = (values: number[]): string => {
    const sorted = [...values].sort((x, y) => x - y)
    return `p50 ${sorted[Math.floor(sorted.length / 2)]} ms, p99 ${sorted.at(-1)} ms`
  }
  t.diagnostic(`visible on all three: ${figures(visible)}; acknowledged, synced: ${figures(acknowledged)}`)
})
