// The page on a mesh of five hundred edges: the page itself in real Chromium, its edge a generator of snapshots.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { ClusterSnapshot, EdgeSnapshot } from '../../lib/snapshot.js'
import { REGIONS } from '../../lib/regions.js'
import { goTo, node, openBrowser, openPage, seriousFaults } from './browser.js'

const EDGES = 500
const STARTED_AT = Date.now() - 3_600_000
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' }
const BUILT = resolve('dist/ui')

describe('the page of a large mesh', { timeout: 240_000 }, () => {
  let server: Server
  let browser: Browser
  const streams = new Set<ServerResponse>()
  let turn = 0
  let dead = new Set<string>()
  let timer: NodeJS.Timeout
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const send = (stream: ServerResponse): void => void stream.write(`event: snapshot\ndata: ${JSON.stringify(snapshotOf(turn, dead))}\n\n`)

  before(async () => {
    server = createServer((request, response) => {
      const path = request.url === '/' ? '/index.html' : (request.url ?? '')
      if (path === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        streams.add(response)
        response.on('close', () => streams.delete(response))
        send(response)
        return
      }
      readFile(join(BUILT, path)).then(
        (body) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(body),
        () => response.writeHead(404).end('{}'),
      )
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    timer = setInterval(() => {
      turn += 1
      for (const stream of streams) send(stream)
    }, 1_000)
    browser = await openBrowser()
  })
  after(async () => {
    clearInterval(timer)
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  test('shows all of them by shape, details when near, and stays responsive while figures change', async (t) => {
    const { page } = await openPage(browser, url())
    await page.locator('.edge-node.dot').nth(EDGES - 1).waitFor({ state: 'attached' })
    await page.getByText(`All ${EDGES} edges up`).waitFor()
    await page.evaluate("window.busy = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.busy += entry.duration }).observe({ type: 'longtask' })")
    const from = turn
    await page.waitForFunction("document.querySelectorAll('.edge-node').length > 0")
    while (turn < from + 5) await once(server, 'request', { signal: AbortSignal.timeout(500) }).catch(() => undefined)
    t.diagnostic(`${Math.round(Number(await page.evaluate('window.busy')))} ms of long tasks while ${turn - from} snapshots came`)

    dead = new Set(['edge-007', 'edge-123'])
    await node(page, 'edge-123', 'down').waitFor({ state: 'attached' })
    await page.getByText(`2 of ${EDGES} edges down`).first().waitFor()
    dead = new Set()
    await page.getByText(`All ${EDGES} edges up`).waitFor()

    for (let step = 0; step < 14; step++) await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.locator('.edge-node.full').first().waitFor()
    assert.ok(await page.locator('.edge-node').count() < EDGES / 2, 'what is out of sight does not exist')
    await page.getByRole('button', { name: 'Fit', exact: true }).click()
    await page.locator('.edge-node.dot').nth(EDGES - 1).waitFor({ state: 'attached' })
    await page.close()
  })

  test('its lists hold only the rows in sight, and find an edge by name', async () => {
    const { page } = await openPage(browser, url())
    await goTo(page, '#/edges')
    await page.locator('[data-edge-row]').first().waitFor()
    assert.ok(await page.locator('[data-edge-row]').count() < 60)
    await page.getByRole('searchbox').fill('edge-321')
    await page.locator('[data-edge-row="edge-321"]').click()
    await page.getByRole('tablist', { name: 'Edge edge-321' }).waitFor()
    assert.deepEqual(await seriousFaults(page), [])
    await page.close()
  })

  test('the layout by round trips places all of them apart', async () => {
    const { page } = await openPage(browser, url())
    await page.getByRole('button', { name: 'Round trips' }).click()
    await page.locator('.edge-node.dot').nth(EDGES - 1).waitFor({ state: 'attached' })
    const places = await page.locator('.react-flow__node-edge').evaluateAll((elements: { style: { transform: string } }[]) => elements.map((element) => element.style.transform))
    assert.equal(new Set(places).size, EDGES)
    await page.close()
  })
})

/** The same edges each time; their figures change with the turn, of a tenth of them. */
function snapshotOf(turn: number, dead: ReadonlySet<string>): ClusterSnapshot {
  const at = Date.now()
  const regions = REGIONS.slice(0, 24)
  const edges = Array.from({ length: EDGES }, (_, index): EdgeSnapshot => {
    const name = `edge-${String(index).padStart(3, '0')}`
    const region = regions[index % regions.length] ?? assert.fail('no region')
    const busy = (index + turn) % 10 === 0
    return {
      id: index.toString(16).padStart(64, '0'), name, region: region.name, latitude: region.latitude, longitude: region.longitude,
      state: dead.has(name) ? 'down' : 'up', reachable: !dead.has(name), url: 'http://127.0.0.1:1', version: '0.1.0', arch: index % 3 === 0 ? 'arm64' : 'x64',
      startedAt: STARTED_AT - index * 1_000, lastSeenAt: at, functions: 10, requestsPerSecond: busy ? 20 : 0, failuresPerSecond: 0, inFlight: busy ? 2 : 0,
      p50Ms: 1, p99Ms: 9, registrySeq: 100, registryLagMs: null,
    }
  })
  const links = edges.flatMap((edge, index) => [1, 2, 5].map((step) => ({
    from: edge.id, to: edges[(index + step) % EDGES]?.id ?? '', rttMs: 5 + ((index * step) % 90), up: !dead.has(edge.name), kind: 'internet' as const, setAside: false, chaos: null,
  })))
  const functions = Array.from({ length: 300 }, (_, index) => ({
    name: `function-${index}`, version: '$LATEST', codeSha256: 'A', description: '', memorySize: 128, timeout: 3, failover: 'any' as const,
    lastModified: at - 60_000, edges: edges.slice(0, 400).map(({ name }) => name), conflicts: 0,
  }))
  return { at, cluster: 'large', self: 'edge-000', edges, links, functions }
}
