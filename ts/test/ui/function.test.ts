// One function on its page: versions and aliases, code edited and deployed, events kept, commands to copy.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { deployByForm, goTo, invokeByForm, typeCode } from './browser.js'
import { useStage } from './stage.js'

const CODE = 'exports.handler = async (event) => { console.log("first line of", event.word); return { said: event.word, n: 1 } }'
const LATER = CODE.replace('n: 1', 'n: 2')

describe('the page of a function', { timeout: 300_000 }, () => {
  const stage = useStage(({ page }) => deployByForm(page, 'words', CODE))
  let page: Page
  before(() => { page = stage.page })

  test('names the edges that have it loaded', async () => {
    await goTo(page, '#/functions/words')
    await page.getByRole('list', { name: 'Edges that have words' }).locator('.has').nth(2).waitFor()
  })

  test('publishes a version and points an alias at it; weights are shown', async () => {
    await page.getByRole('button', { name: 'Publish a version' }).click()
    await page.getByRole('rowheader', { name: '1', exact: true }).waitFor()
    await page.getByRole('form', { name: 'Point an alias' }).getByRole('button', { name: 'Set' }).click()
    await page.locator('tr', { has: page.getByRole('rowheader', { name: '1', exact: true }) }).locator('[data-alias="live"]').waitFor()
  })

  test('shows the code as it was deployed, and deploys what is changed in it', async () => {
    await goTo(page, '#/functions/words/code')
    const editor = page.locator('.cm-content[aria-label="index.js"]')
    await editor.filter({ hasText: 'first line of' }).waitFor()
    assert.equal(await editor.innerText(), CODE)
    await typeCode(page, 'index.js', LATER)
    await page.getByText('changed').first().waitFor({ state: 'attached' })
    await page.locator('.editor-foot').getByRole('button', { name: 'Deploy', exact: true }).click()
    await page.locator('.editor-foot .success', { hasText: /Deployed to \d edges?/ }).waitFor()
    const result = await invokeByForm(page, 'words', { word: 'again' })
    assert.match(await result.locator('.payload').innerText(), /"n": 2/)
  })

  test('code that does not compile is refused with its place, and what was deployed keeps serving', async () => {
    await goTo(page, '#/functions/words/code')
    await typeCode(page, 'index.js', 'exports.handler = (')
    await page.locator('.editor-foot').getByRole('button', { name: 'Deploy', exact: true }).click()
    await page.getByRole('alert').filter({ hasText: /index\.js:1:/ }).waitFor()
    await page.locator('.editor-foot').getByRole('button', { name: 'Discard' }).click()
    const result = await invokeByForm(page, 'words', { word: 'still' })
    assert.match(await result.locator('.payload').innerText(), /"n": 2/)
  })

  test('invokes an alias: the version that it points to answers', async () => {
    await goTo(page, '#/functions/words/test')
    await page.getByLabel('Version or alias').selectOption('live')
    const form = page.getByRole('form', { name: 'Invoke words' })
    await form.getByRole('button', { name: 'Invoke', exact: true }).click()
    await form.locator('.payload', { hasText: '"n": 1' }).waitFor()
    await page.getByLabel('Version or alias').selectOption('')
  })

  test('keeps events under a name, also after a reload', async () => {
    await goTo(page, '#/functions/words/test')
    await typeCode(page, 'Event, JSON', '{"word":"kept"}')
    await page.getByText('Keep this event').click()
    await page.getByLabel('Name of the event').fill('greeting')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.reload()
    await page.getByLabel('Saved events').selectOption('greeting')
    await page.locator('.cm-content[aria-label="Event, JSON"]', { hasText: 'kept' }).waitFor()
  })

  test('what is copied as curl runs as it is', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stage.url() })
    await page.getByRole('button', { name: 'curl' }).click()
    await page.getByRole('group', { name: 'Copy as' }).getByText('Copied').waitFor()
    const command = String(await page.evaluate('navigator.clipboard.readText()'))
    const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('curl -i', 'curl -s')])
    assert.deepEqual(JSON.parse(stdout), { said: 'kept', n: 2 })
    for (const [name, pattern] of [['aws-cli', /^AWS_ACCESS_KEY_ID.*aws lambda invoke/], ['SDK', /new InvokeCommand/]] as const) {
      await page.getByRole('button', { name }).click()
      await page.waitForFunction(`navigator.clipboard.readText().then((text) => ${String(pattern)}.test(text))`)
    }
  })
})
