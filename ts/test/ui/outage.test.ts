// What the page shows of a bad night: edges killed, the serving edge among them, with and without a proxy.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { goTo, node, openBrowser, openPage, seesUp } from './browser.js'
import { type Mesh, openThreeEdges, type Program } from './processes.js'

const REGIONS = { 'edge-a': 'us-west-sfo', 'edge-b': 'us-east-iad', 'edge-c': 'eu-central-fra' } as const
/** The page promises three seconds on a quiet machine (the test says how many it were); this is less than a connection takes to end by itself. */
const DOWN_WITHIN_MS = 10_000

describe('the page during an outage', { timeout: 300_000 }, () => {
  let mesh: Mesh
  let browser: Browser
  let proxy: Program
  const edge = (name: keyof typeof REGIONS): Program => mesh.edges[name] ?? assert.fail(name)
  const killed = new Set<keyof typeof REGIONS>()

  async function kill(name: keyof typeof REGIONS): Promise<void> {
    killed.add(name)
    await edge(name).kill()
  }

  before(async () => {
    mesh = await openThreeEdges()
    proxy = await mesh.startProxy('us-west-sfo')
    browser = await openBrowser()
  })
  afterEach(async () => {
    for (const name of killed) await mesh.startEdge(name, REGIONS[name])
    killed.clear()
  })
  after(async () => {
    await browser?.close()
    await mesh?.[Symbol.asyncDispose]()
  })

  test('an edge that is killed reads down, with its links, and is up again after a restart', async (t) => {
    const { page } = await openPage(browser, edge('edge-a').url)
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await page.locator('.link.up').nth(2).waitFor({ state: 'attached' })
    const killedAt = performance.now()
    await kill('edge-c')
    await node(page, 'edge-c', 'down').waitFor()
    const took = performance.now() - killedAt
    await node(page, 'edge-c').filter({ hasText: 'Down' }).waitFor()
    await page.locator('.link.down').nth(1).waitFor({ state: 'attached' })
    await page.locator('.entry[data-kind="lost"]', { hasText: 'edge-c' }).waitFor()
    await page.getByText('1 of 3 edges down').first().waitFor()
    t.diagnostic(`down on the page ${took.toFixed(0)} ms after SIGKILL`)
    assert.ok(took <= DOWN_WITHIN_MS, `took ${took.toFixed(0)} ms`)
    await mesh.startEdge('edge-c', REGIONS['edge-c'])
    killed.clear()
    await seesUp(page, 'edge-c')
    await page.locator('.entry[data-kind="back"]', { hasText: 'edge-c' }).waitFor()
    await page.close()
  })

  test('when the serving edge dies, the page reconnects through the proxy and says which edge took over', async () => {
    const { page } = await openPage(browser, proxy.url)
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await page.getByText('Live from edge-a').waitFor()
    await kill('edge-a')
    await page.locator('.banner', { hasText: /edge-a stopped serving this page.*edge-b serves it now/ }).waitFor()
    await page.getByText('Live from edge-b').waitFor()
    await page.locator('.entry[data-kind="serving"]').waitFor()
    await node(page, 'edge-b').locator('.serving').waitFor()
    await node(page, 'edge-a', 'down').waitFor()
    await page.close()
  })

  test('without a proxy another edge goes on telling, the page says so and reads only, and goes back by itself', async () => {
    const { page } = await openPage(browser, edge('edge-b').url)
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await kill('edge-b')
    const banner = page.locator('.banner', { hasText: /edge-b stopped serving this page. It reconnected to edge-[ac]/ })
    await banner.waitFor()
    await goTo(page, '#/edges')
    const link = banner.getByRole('link', { name: /^Go on at edge-[ac]$/ })
    await page.waitForFunction("document.querySelector('.banner a.button')?.hash === '#/edges'")
    const href = new URL(await link.getAttribute('href') ?? '')
    assert.ok([edge('edge-a').url, edge('edge-c').url].includes(href.origin))
    await node(page, 'edge-b', 'down').waitFor()
    await page.locator('.connection[data-fresh="live"]').waitFor()
    await page.getByText('Read-only').first().waitFor()
    await mesh.startEdge('edge-b', REGIONS['edge-b'])
    killed.clear()
    await page.getByText('Live from edge-b').waitFor()
    await banner.waitFor({ state: 'detached' })
    await page.getByText('Read-only').waitFor({ state: 'detached' })
    await page.close()
  })

  test('when nobody answers any more, what is shown is marked as old', async () => {
    const { page } = await openPage(browser, edge('edge-a').url)
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await Promise.all((['edge-a', 'edge-b', 'edge-c'] as const).map(kill))
    await page.locator('.connection[data-fresh="lost"]').waitFor()
    const banner = page.locator('.banner', { hasText: /has not been heard for \d+ s. What you see is from then/ })
    await banner.waitFor()
    await page.locator('.app.lost .flow').waitFor()
    await mesh.startEdge('edge-a', REGIONS['edge-a'])
    killed.delete('edge-a')
    await page.locator('.connection[data-fresh="live"]').waitFor()
    await banner.waitFor({ state: 'detached' })
    await page.close()
  })
})
