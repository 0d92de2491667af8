// What can be done to edges and links from the page, and what may not be done without a token.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser, Locator, Page } from 'playwright-core'
import { deployByForm, goTo, node, openBrowser, openPage, seesUp, seriousFaults } from './browser.js'
import { type Mesh, openMesh } from './processes.js'
import { useStage } from './stage.js'

describe('commands to edges', { timeout: 300_000 }, () => {
  const stage = useStage()
  let page: Page
  before(() => { page = stage.page })

  async function openEdge(name: string): Promise<void> {
    await goTo(page, '#/edges')
    await page.locator(`[data-edge-row="${name}"]`).click()
    await page.getByRole('tablist', { name: `Edge ${name}` }).waitFor()
  }

  /** What the row of a link says of it; its buttons apart. */
  const linkTo = (name: string, text: RegExp): Locator => page.locator(`[data-link="${name}"] .link-how`).filter({ hasText: text })

  /** On a busy machine an edge may be out of reach for a moment: the page says so, and the person presses again. */
  async function cutLinkTo(name: string): Promise<void> {
    const isCut = linkTo(name, /cut$/)
    const refusal = page.locator(`[data-link="${name}"]`).getByRole('alert')
    for (let pressed = 0; pressed < 3 && !(await isCut.isVisible()); pressed++) {
      await page.getByRole('button', { name: `Cut the link to ${name}` }).click()
      await isCut.or(refusal).first().waitFor().catch(async () => assert.fail(await whatIsSaid(name)))
      if (await refusal.isVisible()) console.error(`refused: ${await refusal.innerText()}`)
    }
    await isCut.waitFor().catch(async () => assert.fail(await whatIsSaid(name)))
  }

  /** By the page and by each edge. */
  async function whatIsSaid(name: string): Promise<string> {
    const shown = await page.getByRole('region', { name: 'Links' }).innerText()
    const edges = await Promise.all(Object.entries(stage.mesh.edges).map(async ([edge, { url }]) => {
      const { links } = (await (await fetch(`${url}/cluster`)).json()) as { links: unknown }
      return `${edge}: ${JSON.stringify(links)}`
    }))
    return `the link to ${name} is neither cut, nor was that refused: ${shown}\n${edges.join('\n')}`
  }

  test('drains another edge and takes it back', async () => {
    await openEdge('edge-b')
    await page.getByRole('button', { name: 'Drain', exact: true }).click()
    await node(page, 'edge-b', 'draining').filter({ hasText: 'Draining' }).waitFor()
    await page.locator('.entry[data-kind="draining"]', { hasText: 'edge-b' }).waitFor()
    await page.getByRole('button', { name: 'Undrain' }).click()
    await node(page, 'edge-b', 'up').waitFor()
  })

  test('slows a link between two other edges: the round trip is measured, and mended', async () => {
    await openEdge('edge-b')
    await page.getByRole('button', { name: 'Slow the link to edge-c' }).click()
    await linkTo('edge-c', /slowed by 200 ms/).waitFor()
    await linkTo('edge-c', /· (1\d\d|2\d\d) ms/).waitFor()
    await page.locator('.link.strained').waitFor({ state: 'attached' })
    await page.getByRole('button', { name: 'Mend the link to edge-c' }).click()
    await page.getByRole('button', { name: 'Slow the link to edge-c' }).waitFor()
  })

  test('cuts a link: both edges live on, and are linked again when it is mended from the other end', async () => {
    await openEdge('edge-b')
    await cutLinkTo('edge-c')
    await page.locator('.link-label.down', { hasText: 'cut' }).waitFor({ state: 'attached' })
    await seesUp(page, 'edge-b', 'edge-c')
    await openEdge('edge-c')
    await page.getByRole('button', { name: 'Mend the link to edge-b' }).click()
    await page.getByRole('button', { name: 'Cut the link to edge-b' }).waitFor()
  })

  test('an edge that only others are linked to is not taken for dead', async () => {
    await openEdge('edge-a')
    await page.getByRole('button', { name: 'Cut the link to edge-c' }).click()
    await node(page, 'edge-c', 'up').filter({ hasText: 'seen by others' }).waitFor()
    await page.locator('.link-label.down', { hasText: /^cut$/ }).waitFor({ state: 'attached' })
    await page.getByRole('button', { name: 'Mend the link to edge-c' }).click()
    await node(page, 'edge-c', 'up').filter({ hasNotText: 'seen by others' }).waitFor()
  })

  test('stops an edge after a confirmation', async () => {
    await openEdge('edge-c')
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop it' }).click()
    await node(page, 'edge-c', 'down').waitFor()
    await page.locator('.entry[data-kind="lost"]', { hasText: 'edge-c' }).first().waitFor()
  })
})

describe('the page of a mesh that asks for a token', { timeout: 300_000 }, () => {
  let mesh: Mesh
  let browser: Browser

  before(async () => {
    mesh = await openMesh()
    await mesh.startEdge('edge-a', 'us-west-sfo', { SWARMLAMBDA_CONTROL: 'token' })
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await mesh?.[Symbol.asyncDispose]()
  })

  test('reads only, says why, and writes once signed in', async () => {
    const url = mesh.edges['edge-a']?.url ?? assert.fail()
    const { page } = await openPage(browser, url)
    await page.getByText('Read-only').first().waitFor()
    const button = page.getByRole('button', { name: 'Deploy a sample and send traffic' })
    assert.equal(await button.isDisabled(), true)
    assert.match(await button.getAttribute('title') ?? '', /sign in with a token/)
    assert.deepEqual(await seriousFaults(page), [])
    const signIn = async (token: string): Promise<void> => {
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('dialog').getByLabel('Token').fill(token)
      await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click()
    }
    await signIn('swl2.nonsense')
    await page.getByText('Read-only').first().waitFor()
    await signIn(await mintToken(mesh))
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    await deployByForm(page, 'guarded', 'exports.handler = async () => 1')
    assert.equal(await page.evaluate('Object.keys(localStorage).some((key) => localStorage.getItem(key).includes("swl2"))'), false, 'the token is kept for the tab only')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Read-only').first().waitFor()
    await page.close()
  })

  test('nobody makes trouble there, token or not', async () => {
    const url = mesh.edges['edge-a']?.url ?? assert.fail()
    const stop = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/chaos`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"action":"stop"}' })
    assert.equal((await stop({})).status, 403)
    const refused = await stop({ authorization: `Bearer ${await mintToken(mesh)}` })
    assert.equal(refused.status, 403)
    assert.match(await refused.text(), /chaos is for development/)
  })
})

async function mintToken(mesh: Mesh): Promise<string> {
  const key = (await readFile(join(mesh.folder, 'state', 'cluster.key'), 'utf8')).trim()
  const { stdout } = await promisify(execFile)(process.execPath, [resolve('bin/swarmlambda.js'), 'token'], {
    cwd: mesh.folder, env: { PATH: process.env['PATH'] ?? '', SWARMLAMBDA_CLUSTER_ID: 'ui-test', SWARMLAMBDA_CLUSTER_KEY: key },
  })
  return stdout.trim()
}
