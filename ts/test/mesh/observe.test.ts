import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { request } from 'undici'
import type { ClusterSnapshot, FunctionSeries, InvocationDetail, InvocationEvent, InvocationSummary, LogLine } from '../../lib/snapshot.js'
import { call, events, invoke, snapshotWhere } from './harness/http.js'
import { startMesh, type MeshOfEdges } from './harness/edges.js'
import { ROOT } from './harness/processes.js'

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('what a mesh did is seen on any of its edges', () => {
  let mesh: MeshOfEdges
  before(async () => {
    mesh = await startMesh()
    const sources = {
      talks: "exports.handler = async (e) => { console.log('said', e.n); return e.n }",
      // Not on edge-a, where it lands first.
      moves: "exports.handler = async () => { console.warn('tried'); if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw new TypeError('not here'); return 1 }",
      quiet: 'exports.handler = async () => 1',
    }

    for (const name of Object.keys(sources)) await call('POST', `${mesh.url('edge-a')}/functions?wait=all`, { name, files: { 'index.js': sources[name as keyof typeof sources] } })
  })
  after(() => mesh[Symbol.asyncDispose]())

  const list = async (query: string, edge: 'edge-a' | 'edge-b' | 'edge-c' = 'edge-c') => ((await call('GET', `${mesh.url(edge)}/invocations?${query}`)).json as { invocations: InvocationSummary[] }).invocations

  test('an invocation is listed and found on another edge, with its output, event, result and trace', async () => {
    const answer = await invoke(mesh.url('edge-a'), 'talks', { n: 7 }, { traceparent: TRACE })
    const id = answer.headers['x-amzn-requestid'] ?? ''
    const [newest] = await list('function=talks')
    assert.equal(newest?.requestId, id)
    assert.deepEqual([newest.edge, newest.executedBy, newest.class, newest.via, newest.traceId], ['edge-a', 'edge-a', 'ok', 'invoke', TRACE.split('-')[1]])
    assert.equal(newest.tries[0]?.edge, 'edge-a')
    const detail = (await call('GET', `${mesh.url('edge-b')}/invocations/${id}`)).json as InvocationDetail
    assert.deepEqual([detail.event, detail.result, detail.logs.map(({ level, message }) => `${level} ${message}`)], ['{"n":7}', '7', ['INFO said 7']])
    assert.equal((await call('GET', `${mesh.url('edge-b')}/invocations/no-such-id`)).status, 404)
  })

  test('an invocation that moved to another edge shows both, under one request id', async () => {
    const answer = await invoke(mesh.url('edge-a'), 'moves', {}, { traceparent: TRACE })
    const id = answer.headers['x-amzn-requestid'] ?? ''
    const detail = (await call('GET', `${mesh.url('edge-c')}/invocations/${id}`)).json as InvocationDetail
    assert.deepEqual(detail.tries.map(({ class: kind }) => kind), ['error', 'ok'])
    assert.equal(detail.edge, 'edge-a')
    assert.deepEqual([...new Set(detail.logs.map(({ edge }) => edge))].sort(), ['edge-a', detail.tries[1]?.edge].sort())
    const [there] = detail.executions
    assert.deepEqual([there?.edge, there?.via, there?.from, there?.requestId, there?.traceId], [detail.tries[1]?.edge, 'peer', 'edge-a', id, TRACE.split('-')[1]])
    assert.deepEqual((await list('function=moves')).map(({ requestId }) => requestId), [id], 'once, where it arrived')
  })

  test('large events are kept when asked for', async () => {
    const event = { text: 'x'.repeat(20_000) }
    const detailOf = async (headers: Record<string, string>) => {
      const answer = await invoke(mesh.url('edge-b'), 'quiet', event, headers)
      return (await call('GET', `${mesh.url('edge-a')}/invocations/${answer.headers['x-amzn-requestid'] ?? ''}`)).json as InvocationDetail
    }
    assert.equal((await detailOf({})).event, null)
    assert.equal((await detailOf({ 'x-swarm-record': '1' })).event, JSON.stringify(event))
  })

  test('logs of all edges come as JSON lines, and as events that a client resumes', async () => {
    for (const edge of ['edge-a', 'edge-b', 'edge-c'] as const) await invoke(mesh.url(edge), 'talks', { n: `on ${edge}` })
    const lines = (await call('GET', `${mesh.url('edge-b')}/logs?function=talks`)).text.trim().split('\n').map((line) => JSON.parse(line) as LogLine)
    for (const edge of ['edge-a', 'edge-b', 'edge-c']) assert.ok(lines.some((line) => line.edge === edge && line.message === `said on ${edge}`), edge)

    const follow = async (headers: Record<string, string>, isEnough: (messages: string[]) => boolean, meanwhile: () => Promise<unknown>) => {
      const abort = new AbortController()
      const timer = setTimeout(() => abort.abort(), 30_000)
      const { body } = await request(`${mesh.url('edge-c')}/logs?function=talks&follow=1`, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal })
      const messages: string[] = []
      let id = ''
      void meanwhile()
      try {
        for await (const event of events(body)) {
          assert.equal(event.event, 'log')
          id = event.id || id
          messages.push((JSON.parse(event.data) as LogLine).message)
          if (isEnough(messages) && event.id !== '') return { id, messages }
        }
        throw new Error('the stream ended')
      } finally {
        clearTimeout(timer)
        abort.abort()
      }
    }
    const speak = (n: string) => async () => {
      // A follower begins when each edge has said where it is: speaking until it is heard needs no clock.
      for (const edge of ['edge-a', 'edge-b', 'edge-c'] as const) await invoke(mesh.url(edge), 'talks', { n: `${n} ${edge}` })
    }
    let heard = false
    const { id } = await follow({}, (messages) => (heard = ['edge-a', 'edge-b', 'edge-c'].every((edge) => messages.includes(`said first ${edge}`))), async () => {
      while (!heard) await speak('first')()
    })
    await speak('missed')()
    const { messages } = await follow({ 'last-event-id': id }, (all) => ['edge-a', 'edge-b', 'edge-c'].every((edge) => all.includes(`said missed ${edge}`)), () => Promise.resolve())
    assert.equal(messages.filter((message) => message === 'said missed edge-a').length, 1)
    assert.equal((await call('GET', `${mesh.url('edge-c')}/logs?follow=1`, null, { 'last-event-id': 'nonsense' })).status, 400)
  })

  test('the series of a function adds up over the edges', async () => {
    for (const edge of ['edge-a', 'edge-b', 'edge-c'] as const) for (let turn = 0; turn < 5; turn++) await invoke(mesh.url(edge), 'quiet')
    const series = (await call('GET', `${mesh.url('edge-a')}/functions/quiet/series`)).json as FunctionSeries
    const sum = series.points.reduce((all, { count }) => all + count, 0)
    assert.deepEqual([series.points.length, sum], [90, 17])
    const busy = series.points.filter(({ count }) => count > 0)
    assert.ok(busy.every(({ p50Ms, p99Ms }) => p50Ms !== null && p99Ms !== null && p50Ms <= p99Ms), JSON.stringify(busy))
  })

  test('says what is wrong with a question', async () => {
    for (const [path, message] of [
      ['/invocations?limit=0', /limit must be 1 to 1000/],
      ['/logs?since=soon', /since must be a date/],
      ['/invocations?function=no%20name', /no name/],
    ] as const) {
      const answer = await call('GET', `${mesh.url('edge-a')}${path}`)
      assert.equal(answer.status, 400)
      assert.match(answer.text, message)
    }
  })

  test('ordinary invocations of every edge reach whoever watches one of them', async () => {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), 30_000)
    const { body } = await request(`${mesh.url('edge-a')}/events`, { signal: abort.signal })
    const seen = new Set<string>()
    const call = async (): Promise<void> => {
      while (seen.size < 3 && !abort.signal.aborted) for (const edge of ['edge-a', 'edge-b', 'edge-c'] as const) await invoke(mesh.url(edge), 'quiet')
    }
    const calling = call()
    try {
      for await (const { data, event } of events(body)) {
        if (event !== 'invocation') continue
        const { standsFor, tries: [first] } = JSON.parse(data) as InvocationEvent
        assert.ok((standsFor ?? 0) >= 1 && first?.class === 'ok', data)
        if (seen.add(first.edge).size === 3) break
      }
      assert.deepEqual([...seen].sort(), ['edge-a', 'edge-b', 'edge-c'])
    } finally {
      clearTimeout(timer)
      abort.abort()
      await calling
    }
  })

  test('the snapshot says how long invocations took, and how late the registry is', async () => {
    for (const edge of ['edge-a', 'edge-b', 'edge-c'] as const) await invoke(mesh.url(edge), 'quiet')
    const measured = ({ edges }: ClusterSnapshot): boolean =>
      edges.length === 3 && edges.every(({ p50Ms, p99Ms }) => p50Ms !== null && p99Ms !== null && p50Ms > 0 && p50Ms <= p99Ms) && edges.some(({ name, registryLagMs }) => name === 'edge-a' && registryLagMs !== null)
    const { edges } = await snapshotWhere(mesh.url('edge-b'), measured)
    const lag = edges.find(({ name }) => name === 'edge-a')?.registryLagMs ?? null
    assert.ok(lag !== null && lag >= 0 && lag < 60_000, JSON.stringify(edges))
  })

  test('every metric is described, and every one that the dashboard and the alerts name exists', async () => {
    await invoke(mesh.url('edge-a'), 'moves')
    const { text } = await call('GET', `${mesh.url('edge-a')}/metrics`)
    const exported = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? ''))
    const [described, dashboard, alerts] = await Promise.all(['docs/metrics.md', 'ops/grafana.json', 'ops/alerts.yml'].map((file) => readFile(join(ROOT, file), 'utf8')))
    const named = (page = ''): string[] => [...new Set(page.match(/swarmlambda_\w+/g) ?? [])]
    assert.deepEqual(named(described).sort(), [...exported].sort())
    for (const name of [...named(dashboard), ...named(alerts)]) assert.ok(exported.has(name.replace(/_(bucket|sum|count)$/, '')), name)
    assert.match(text, /swarmlambda_failover_tries_total\{peer="edge-[bc]",class="ok",edge="edge-a"/)
    const other = await call('GET', `${mesh.url('edge-b')}/metrics`)
    assert.match(other.text, /swarmlambda_peer_replication_lag_seconds\{peer="edge-a",edge="edge-b"/)
  })
})
