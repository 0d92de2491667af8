// One function on its page: versions and aliases, code edited and deployed, events kept, commands to copy.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { connect } from '../../lib/client.js'
import { deployFunction } from '../../lib/project/deploy.js'
import { openProject } from '../../lib/project/project.js'
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

  test('shows the files of a folder that was bundled, and deploys what is changed in them', async () => {
    await deployFolder('greeter', {
      'swarmlambda.json': '{ "handler": "src/app.handler" }',
      'src/app.ts': "import { greet } from './greet.js'\n\nexport const handler = async ({ name }: { name: string }) => greet(name)\n",
      'src/greet.ts': 'export const greet = (name: string): string => `Good day, ${name}`\n',
    })
    await goTo(page, '#/functions/greeter/code')
    await page.locator('.cm-content[aria-label="src/app.ts"]', { hasText: '{ name: string }' }).waitFor()
    await page.getByRole('group', { name: 'Files' }).getByRole('button', { name: 'src/greet.ts' }).click()
    await typeCode(page, 'src/greet.ts', 'export const greet = (name: string): string => `Good night, ${name}`\n')
    await page.locator('.editor-foot').getByRole('button', { name: 'Deploy', exact: true }).click()
    await page.locator('.editor-foot .success').waitFor()
    const result = await invokeByForm(page, 'greeter', { name: 'Ada' })
    assert.match(await result.locator('.payload').innerText(), /Good night, Ada/)
  })

  test('the files of a folder with packages are read here, and changed where the packages are', async () => {
    await deployFolder('packed', { 'index.mjs': 'import two from "two"\nexport const handler = async () => two', 'node_modules/two/index.js': 'module.exports = 2' })
    await goTo(page, '#/functions/packed/code')
    await page.locator('.cm-content[aria-label="index.mjs"]', { hasText: 'import two' }).waitFor()
    await page.getByText('run swarmlambda deploy').waitFor()
    assert.equal(await page.locator('.code-tab').getByRole('button', { name: 'Deploy' }).count(), 0)
  })

  /** As the command line does. */
  async function deployFolder(name: string, files: Record<string, string>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-ui-'))
    try {
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, file)), { recursive: true })
        await writeFile(join(folder, file), text)
      }
      const { functions: [fn] } = await openProject(folder, name)
      await deployFunction(await connect(stage.url(), null), fn ?? assert.fail('no function'))
    } finally {
      await rm(folder, { recursive: true })
    }
  }

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
