// The page on a healthy mesh of three edges, in real Chromium.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { deploy } from '../mesh/harness/http.js'
import { deployByForm, goTo, invokeByForm, node, openBrowser, openPage, seesUp, seriousFaults, typeCode } from './browser.js'
import { openPrefix } from './prefix.js'
import { type Mesh, openThreeEdges } from './processes.js'

const ECHO = 'exports.handler = async (event) => { console.log("got", event.word); return { word: event.word } }'
const FAILS_ON_A = `exports.handler = async () => {
  if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw new TypeError('not here')
  return 'fine'
}`
const ALWAYS_FAILS = "exports.handler = async () => { throw new RangeError('never') }"

describe('the page', { timeout: 600_000 }, () => {
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

  /** For a test that works with a function, whichever tests ran before it. */
  const haveEcho = async (): Promise<void> => assert.ok((await deploy(url(), 'echo', ECHO)).status < 300)

  test('an empty mesh says what to do next; its button deploys a sample and sends traffic that shows on the map', async () => {
    const { page } = await openPage(browser, url())
    await page.getByRole('heading', { name: 'No functions yet' }).waitFor()
    await page.getByRole('button', { name: 'Deploy a sample and send traffic' }).click()
    await page.getByRole('heading', { name: 'hello', exact: true }).waitFor()
    await node(page, 'edge-a').locator('.sparkline .requests').waitFor({ state: 'attached' })
    await page.locator('.totals', { hasText: /[1-9][\d.]*\s*req\/s|req\/s\s*[1-9]/ }).waitFor()
    await page.close()
  })

  test('shows three edges with their regions, links of a kind and a length, and marks the one that serves it', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    for (const region of ['us-west-sfo', 'us-east-iad', 'eu-central-fra']) {
      await page.locator('.region-label', { hasText: region }).waitFor()
    }
    assert.equal(await page.locator('.edge-node').count(), 3)
    assert.equal(await page.locator('.serving').count(), 1)
    assert.equal(await node(page, 'edge-a').locator('.serving').count(), 1)
    await page.locator('.link-label.up', { hasText: /^loopback[\d.]+ ms$/ }).nth(2).waitFor({ state: 'attached' })
    assert.equal(await page.locator('.link.down').count(), 0)
    await node(page, 'edge-b').filter({ hasText: /Up[\s\S]*v\d+\.\d+\.\d+[\s\S]*req\/s[\s\S]*p50[\s\S]*p99[\s\S]*in flight[\s\S]*registry/ }).waitFor()
    await page.getByText('Live from edge-a').waitFor()
    await page.getByText('All 3 edges up').waitFor()
    await page.close()
  })

  test('deploys by form to every edge and shows the answer, the receipt and the logs of an invocation', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await deployByForm(page, 'echo', ECHO)
    await goTo(page, '#/functions')
    await page.locator('[data-function="echo"]', { hasText: '3 of 3 edges' }).waitFor()
    const result = await invokeByForm(page, 'echo', { word: 'swarm' })
    assert.match(await result.locator('.verdict').innerText(), /edge-a answered/)
    assert.match(await result.locator('.waterfall').innerText(), /edge-a\s+ok\s+[\d.]+ ms/)
    assert.match(await result.locator('.payload').innerText(), /"word": "swarm"/)
    assert.match(await result.locator('.logs').innerText(), /got swarm/)
    await page.close()
  })

  test('refuses an event that is not JSON before it is sent', async () => {
    await haveEcho()
    const { page } = await openPage(browser, url())
    await goTo(page, '#/functions/echo/test')
    await typeCode(page, 'Event, JSON', '{ "word": ')
    await page.getByText(/^Not JSON:/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Invoke', exact: true }).isDisabled(), true)
    await page.close()
  })

  test('a deploy that does not compile says where', async () => {
    const { page } = await openPage(browser, url())
    await goTo(page, '#/deploy')
    await page.getByLabel('Name', { exact: true }).fill('typo')
    await typeCode(page, 'index.js', 'exports.handler = async () => {')
    await page.getByRole('button', { name: 'Deploy', exact: true }).click()
    await page.getByRole('alert').filter({ hasText: /index\.js:1:/ }).waitFor()
    await page.close()
  })

  test('a failover travels along its link and is listed with its receipt', async () => {
    const { page } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await page.locator('.link-label.up', { hasText: /ms$/ }).nth(2).waitFor({ state: 'attached' })
    await deployByForm(page, 'picky', FAILS_ON_A)
    const passing = page.locator('.link-label.passing', { hasText: 'failover · picky' }).waitFor({ state: 'attached' })
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
    await haveEcho()
    const { page } = await openPage(browser, url())
    await deployByForm(page, 'shortlived', ECHO)
    await goTo(page, '#/functions/shortlived')
    await page.getByRole('button', { name: 'Delete shortlived' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Delete shortlived' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.locator('[data-function="echo"]').waitFor()
    await page.locator('[data-function="shortlived"]').waitFor({ state: 'detached' })
    await page.locator('.entry', { hasText: 'shortlived was deleted' }).waitFor()
    await page.close()
  })

  test('an edge that was dragged stays where it was put, across updates, a reload and another layout', async () => {
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
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
    const dragged = await place()
    assert.notEqual(dragged, initial)
    const line = page.locator('.sparkline .requests')
    const points = await line.first().getAttribute('points') ?? ''
    await page.locator(`.sparkline .requests:not([points="${points}"])`).first().waitFor({ state: 'attached' })
    assert.equal(await place(), dragged)
    await page.reload()
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    assert.equal(await place(), dragged)
    await page.getByRole('button', { name: 'Round trips' }).click()
    assert.notEqual(await place(), dragged)
    const byGraph = await place()
    await page.reload()
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    assert.equal(await place(), byGraph)
    await page.getByRole('button', { name: 'Geography' }).click()
    assert.equal(await place(), dragged)
    await page.close()
  })

  test('can be used by keyboard alone', async () => {
    await haveEcho()
    const { page } = await openPage(browser, url())
    await goTo(page, '#/functions/echo')
    await page.getByRole('tab', { name: 'Overview' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('tabpanel', { name: 'Code' }).waitFor()
    const editor = page.locator('.cm-content[aria-label="index.js"]')
    await editor.focus()
    const before = await editor.innerText()
    await page.keyboard.press('Tab')
    assert.notEqual(await editor.innerText(), before, 'Tab indents')
    await page.locator('.editor-foot button.primary:enabled').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    await page.locator('.editor-foot button:focus').waitFor()
    await page.locator('.react-flow__node-edge').first().focus()
    await page.keyboard.press('Enter')
    await page.getByRole('tablist', { name: /^Edge edge-/ }).waitFor()
    await page.goBack()
    await page.getByRole('tabpanel', { name: 'Code' }).waitFor()
    await page.close()
  })

  const PLACES = ['#/functions', '#/functions/echo', '#/functions/echo/code', '#/functions/echo/test', '#/functions/echo/invocations', '#/functions/echo/logs', '#/deploy', '#/edges', '#/invocations']
  for (const [name, options] of [
    ['light', {}], ['dark', { colorScheme: 'dark' }], ['on a phone', { width: 390, height: 844 }],
  ] as const) {
    test(`axe finds nothing serious in any panel: ${name}`, async () => {
      await haveEcho()
      const { page } = await openPage(browser, url(), options)
      await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
      for (const place of PLACES) {
        await goTo(page, place)
        await page.locator(place.endsWith('/code') || place.endsWith('/test') || place === '#/deploy' ? '.panel .cm-content:visible' : '.panel :is(.body, .tab-panel):visible').first().waitFor()
        assert.deepEqual(await seriousFaults(page), [], place)
        assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, `${place}: nothing overflows sideways`)
      }
      await node(page, 'edge-b').click()
      await page.getByRole('tablist', { name: 'Edge edge-b' }).waitFor()
      assert.deepEqual(await seriousFaults(page), [])
      await page.close()
    })
  }

  test('asks nothing of the outside and logs no error', async () => {
    await haveEcho()
    const { page, requests, problems } = await openPage(browser, url())
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await goTo(page, '#/functions/echo/code')
    await page.locator('.cm-content').waitFor()
    const outside = requests.filter((address) => !address.startsWith(url()) && !address.startsWith('data:'))
    assert.deepEqual(outside, [])
    assert.deepEqual(problems, [])
    await page.close()
  })

  test('works behind a path prefix', async () => {
    await using prefix = await openPrefix(url(), '/some/mesh')
    const { page } = await openPage(browser, prefix.url)
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await deployByForm(page, 'prefixed', ECHO)
    const result = await invokeByForm(page, 'prefixed', { word: 'deep' })
    assert.match(await result.locator('.payload').innerText(), /deep/)
    await goTo(page, '#/functions/prefixed/code')
    await page.locator('.cm-content', { hasText: 'event.word' }).waitFor()
    await page.close()
  })
})
