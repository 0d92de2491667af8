// The page on a healthy mesh of three edges, in real Chromium.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import {
  deployByForm, invokeByForm, node, openBrowser, openPage, openTab, seesUp, seriousFaults, WAIT_MS,
} from './browser.js'
import { type Mesh, openThreeEdges } from './processes.js'

const ECHO = 'exports.handler = async (event) => { console.log("got", event.word); return { word: event.word } }'
const FAILS_ON_A = `exports.handler = async () => {
  if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw new TypeError('not here')
  return 'fine'
}`
const ALWAYS_FAILS = "exports.handler = async () => { throw new RangeError('never') }"

describe('the page', { timeout: 240_000 }, () => {
  let mesh: Mesh
  let browser: Browser
  const url = (): string => mesh.edges['edge-a']?.url ?? assert.fail('edge-a is not there')

  before(async () => {
    mesh = await openThreeEdges()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await mesh?.[Symbol.asyncDispose]()
  })

  test('an empty mesh says what to do next, and its button deploys a sample that can be invoked', async () => {
    const { page } = await openPage(browser, url())
    await page.getByRole('heading', { name: 'No functions yet' }).waitFor()
    await page.getByRole('button', { name: 'Deploy a sample' }).click()
    const panel = page.getByRole('tabpanel', { name: 'Invoke' })
    await panel.getByRole('button', { name: 'Invoke', exact: true }).click()
    await panel.getByText('Hello, world!').waitFor()
    await page.close()
  })

  test('shows three edges with their regions and links, and marks the one that serves it', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    for (const region of ['us-west-sfo', 'us-east-iad', 'eu-central-fra']) {
      await page.locator('.region-label', { hasText: region }).waitFor()
    }
    assert.equal(await page.locator('.edge-node').count(), 3)
    assert.equal(await page.locator('.serving').count(), 1)
    assert.equal(await node(page, 'edge-a').locator('.serving').count(), 1)
    await page.locator('.link-label.up', { hasText: /ms$/ }).nth(2).waitFor({ state: 'attached' })
    assert.equal(await page.locator('.link.down').count(), 0)
    await page.getByText('Live from edge-a').waitFor()
    await page.close()
  })

  test('deploys by form to every edge and shows the answer, the receipt and the logs of an invocation', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await deployByForm(page, 'echo', ECHO)
    const functions = await openTab(page, 'Functions')
    await functions.locator('[data-function="echo"]', { hasText: 'on 3 of 3 edges' }).waitFor()
    const result = await invokeByForm(page, 'echo', { word: 'swarm' })
    assert.match(await result.locator('.verdict').innerText(), /edge-a answered/)
    assert.match(await result.locator('.payload').innerText(), /"word": "swarm"/)
    assert.match(await result.locator('.waterfall li').innerText(), /edge-a\s+ok\s+[\d.]+ ms/)
    assert.match(await result.locator('.logs').innerText(), /got swarm/)
    assert.match(await result.locator('.facts').innerText(), /Request id\s+[0-9a-f-]{36}/)
    await page.close()
  })

  test('a deploy that does not parse shows file and line, and what was deployed keeps serving', async () => {
    const { page } = await openPage(browser, url())
    await deployByForm(page, 'steady', ECHO)
    const panel = await openTab(page, 'Deploy')
    await panel.getByLabel('index.js').fill('exports.handler = async () => {\n  return (;\n}')
    await panel.getByRole('button', { name: 'Deploy', exact: true }).click()
    const problem = panel.getByRole('alert')
    await problem.waitFor()
    assert.match(await problem.innerText(), /index\.js:2:\d+/)
    const result = await invokeByForm(page, 'steady', { word: 'still' })
    assert.match(await result.locator('.payload').innerText(), /still/)
    await page.close()
  })

  test('a failover shows in the result, in the event list with its receipt, and on the map', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await deployByForm(page, 'picky', FAILS_ON_A)
    await page.locator('[data-function="picky"]', { hasText: 'on 3 of 3 edges' }).waitFor({ state: 'attached' })
    const passing = page.locator('.link-label.passing', { hasText: 'picky' }).waitFor({ state: 'attached' })
    const result = await invokeByForm(page, 'picky', {})
    await passing
    assert.match(await result.locator('.verdict').innerText(), /edge-b answered, after a failover/)
    const entry = page.locator('.entry[data-kind="failover"]', { hasText: 'picky' })
    assert.match(await entry.innerText(), /edge-a\s+error\s+[\d.]+ ms[\s\S]*edge-b\s+ok\s+[\d.]+ ms/)
    await page.close()
  })

  test('a function error is shown as the function threw it', async () => {
    const { page } = await openPage(browser, url())
    await deployByForm(page, 'broken', ALWAYS_FAILS)
    const result = await invokeByForm(page, 'broken', {})
    assert.match(await result.locator('.verdict').innerText(), /broken failed on edge-a/)
    assert.match(await result.locator('.payload').innerText(), /"errorType": "RangeError"/)
    assert.match(await result.locator('.facts').innerText(), /Function error\s+Unhandled/)
    await page.close()
  })

  test('deletes a function only after a confirmation', async () => {
    const { page } = await openPage(browser, url())
    await deployByForm(page, 'shortlived', ECHO)
    const functions = await openTab(page, 'Functions')
    const row = functions.locator('[data-function="shortlived"]')
    await row.getByRole('button', { name: 'Delete shortlived' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await row.getByRole('button', { name: 'Delete shortlived' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await row.waitFor({ state: 'detached' })
    await page.locator('.entry', { hasText: 'shortlived was deleted' }).waitFor()
    await page.close()
  })

  test('an edge that was dragged stays where it was put, across updates and a reload', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    const place = (): Promise<string> =>
      page.locator('.react-flow__node-edge', { has: node(page, 'edge-c') })
        .evaluate((element: { style: { transform: string } }) => element.style.transform)
    const initial = await place()
    const box = await node(page, 'edge-c').boundingBox() ?? assert.fail()
    await page.mouse.move(box.x + 60, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x - 20, box.y + 120, { steps: 8 })
    await page.mouse.up()
    const dragged = await place()
    assert.notEqual(dragged, initial)
    const line = page.locator('.sparkline .requests')
    const points = await line.first().getAttribute('points') ?? ''
    await page.locator(`.sparkline .requests:not([points="${points}"])`).first().waitFor({ state: 'attached' })
    assert.equal(await place(), dragged)
    await page.reload()
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    assert.equal(await place(), dragged)
    await page.close()
  })

  test('can be used by keyboard alone', async () => {
    const { page } = await openPage(browser, url())
    await page.getByRole('tab', { name: /^Functions/ }).focus()
    await page.keyboard.press('ArrowRight')
    const panel = page.getByRole('tabpanel', { name: 'Deploy' })
    await panel.getByLabel('Name', { exact: true }).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    assert.match(await panel.getByLabel('index.js').inputValue(), /^ {2}|\n {2}$/, 'Tab indents')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    await panel.locator('input:focus').waitFor()
    assert.equal(await panel.locator('input:focus').getAttribute('type'), 'number', 'Escape, then Tab, leaves the editor')
    await page.locator('.react-flow__node-edge').first().focus()
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: /^Edge edge-/ }).waitFor()
    await page.close()
  })

  for (const [name, options] of [
    ['light', {}], ['dark', { colorScheme: 'dark' }], ['on a phone', { width: 390, height: 844 }],
  ] as const) {
    test(`axe finds nothing serious: ${name}`, async () => {
      const { page } = await openPage(browser, url(), options)
      await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
      await node(page, 'edge-b').click()
      await page.getByRole('region', { name: 'Edge edge-b' }).waitFor()
      assert.deepEqual(await seriousFaults(page), [])
      await page.getByRole('button', { name: 'Close' }).click()
      await openTab(page, 'Deploy')
      assert.deepEqual(await seriousFaults(page), [])
      await openTab(page, 'Invoke')
      assert.deepEqual(await seriousFaults(page), [])
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, 'nothing overflows sideways')
      await page.close()
    })
  }

  test('asks nothing of the outside and logs no error', async () => {
    const { page, requests, problems } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    const outside = requests.filter((address) => !address.startsWith(url()) && !address.startsWith('data:'))
    assert.deepEqual(outside, [])
    assert.deepEqual(problems, [])
    await page.close()
  })

  test('works behind a path prefix', async () => {
    const prefix = await openPrefix(url(), '/some/mesh')
    const { port } = prefix.address() as AddressInfo
    const { page } = await openPage(browser, `http://127.0.0.1:${port}/some/mesh/`)
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await deployByForm(page, 'prefixed', ECHO)
    const result = await invokeByForm(page, 'prefixed', { word: 'deep' })
    assert.match(await result.locator('.payload').innerText(), /deep/)
    await page.close()
    prefix.close()
    prefix.closeAllConnections()
  })
})

/** A front server that serves `target` under `path` and nothing else. */
async function openPrefix(target: string, path: string): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith(`${path}/`)) {
      outgoing.writeHead(404).end()
      return
    }
    const forward = request(target + incoming.url.slice(path.length), { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    forward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forward.destroy())
    incoming.pipe(forward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening', { signal: AbortSignal.timeout(WAIT_MS) })
  return server
}
