// Invocations on the page: the list, one of them whole, its replay; the charts of a function and its log.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { call, deploy } from '../mesh/harness/http.js'
import { goTo, node, seriousFaults } from './browser.js'
import { useStage } from './stage.js'

const FAILS_ON_A = `exports.handler = async (event) => {
  console.log('asked for', event.word)
  if (process.env.SWARMLAMBDA_NODE_NAME === 'edge-a') throw new TypeError('not here')
  return { word: event.word, edge: process.env.SWARMLAMBDA_NODE_NAME }
}`
const ECHO = 'exports.handler = async (event) => { console.log("hello from the log", event.word); return event }'

describe('what the page tells of invocations', { timeout: 300_000 }, () => {
  const stage = useStage(async () => {
    assert.equal((await deploy(stage.url(), 'moves', FAILS_ON_A)).status, 201)
    assert.equal((await deploy(stage.url(), 'echo', ECHO)).status, 201)
  })
  let page: Page
  before(() => { page = stage.page })

  const invoke = (name: string, event: unknown, headers: Record<string, string> = {}) =>
    call('POST', `${stage.url()}/2015-03-31/functions/${name}/invocations`, event, headers)

  test('an invocation that moved is listed, and opens as a waterfall with its log, event and result', async () => {
    assert.equal((await invoke('moves', { word: 'swarm' }, { 'x-swarm-record': '1' })).status, 200)
    await goTo(page, '#/invocations')
    await page.getByRole('button', { name: 'Failed over' }).click()
    await page.locator('[data-request]', { hasText: 'moves' }).first().click()
    const falls = page.getByRole('list', { name: 'Edges tried' }).first()
    await falls.waitFor()
    assert.match(await falls.innerText(), /edge-a\s+error\s+[\d.]+ ms\s+edge-b\s+ok\s+[\d.]+ ms/)
    await page.getByRole('region', { name: 'Event', exact: true }).filter({ hasText: '"word": "swarm"' }).waitFor()
    await page.getByRole('region', { name: 'Result', exact: true }).filter({ hasText: '"edge": "edge-b"' }).waitFor()
    await page.getByRole('region', { name: 'Log of this invocation' }).filter({ hasText: 'asked for swarm' }).waitFor()
    assert.deepEqual(await seriousFaults(page), [])
  })

  test('replays the event on a chosen edge and nowhere else', async () => {
    const replay = page.getByRole('region', { name: 'Replay', exact: true })
    await replay.getByRole('combobox').selectOption({ label: 'edge-c' })
    await replay.getByRole('button', { name: 'Replay' }).click()
    await replay.locator('.payload', { hasText: '"edge": "edge-c"' }).waitFor()
    await replay.getByRole('combobox').selectOption({ label: 'edge-a' })
    await replay.getByRole('button', { name: 'Replay' }).click()
    await replay.locator('.payload', { hasText: 'TypeError' }).waitFor()
  })

  test('a function shows its invocations and errors as charts', async () => {
    await goTo(page, '#/functions/moves')
    await page.getByRole('img', { name: /^\d+ invocations in the last 15 minutes, [1-9]\d* of them failed/ }).waitFor()
    await page.getByRole('img', { name: /^99 percent took at most/ }).waitFor()
  })

  test('its log follows the lines of every edge as they are written', async () => {
    await goTo(page, '#/functions/echo/logs')
    await page.getByText('Nothing logged yet').waitFor()
    await invoke('echo', { word: 'first' })
    await page.locator('.log-line', { hasText: 'hello from the log first' }).waitFor()
    await call('POST', `${stage.url('edge-b')}/2015-03-31/functions/echo/invocations`, { word: 'second' })
    const line = page.locator('.log-line', { hasText: 'hello from the log second' })
    await line.waitFor()
    assert.match(await line.innerText(), /edge-b/)
    assert.deepEqual(await seriousFaults(page), [])
  })

  test('ordinary requests run along the edge that answered them; above fifty a second they are samples, and the map says so', async () => {
    const stop = new AbortController()
    const flood = Array.from({ length: 32 }, async () => {
      while (!stop.signal.aborted) await invoke('echo', {})
    })
    await node(page, 'edge-a').locator('.blips i').first().waitFor({ state: 'attached' })
    await page.getByText(/^Sampled: each request shown stands for about \d+/).waitFor()
    stop.abort()
    await Promise.all(flood)
    await page.getByText(/^Sampled:/).waitFor({ state: 'detached' })
  })
})
