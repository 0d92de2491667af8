// Real Chromium for the browser tests, and what they ask of a page.
import { accessSync, constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge']
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]
/** Every wait of a test on a page. */
export const WAIT_MS = 30_000

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: FLAGS })
}

export interface OpenPage {
  page: Page
  /** Addresses the page asked for, in order. */
  requests: string[]
  /** Errors thrown in the page, and lines it logged as errors. */
  problems: string[]
}

/** A page at `url`, once it shows a mesh. */
export async function openPage(
  browser: Browser, url: string, options: { colorScheme?: 'light' | 'dark'; width?: number; height?: number } = {},
): Promise<OpenPage> {
  const { colorScheme = 'light', width = 1440, height = 900 } = options
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  page.setDefaultTimeout(WAIT_MS)
  const requests: string[] = []
  const problems: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()) })
  await page.goto(url)
  await page.locator('.edge-node').first().waitFor()
  return { page, requests, problems }
}

/** The node of an edge, in a state if one is given. */
export function node(page: Page, name: string, state?: 'up' | 'draining' | 'down'): Locator {
  return page.locator(`.edge-node${state === undefined ? '' : `.${state}`}[data-edge="${name}"]`)
}

/** Waits until every named edge is up on the page. */
export async function seesUp(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) await node(page, name, 'up').waitFor()
}

/** Goes to a place of the page by its address, e.g. `#/functions/hello/code`. */
export async function goTo(page: Page, fragment: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`)
}

export async function deployByForm(page: Page, name: string, code: string): Promise<void> {
  await goTo(page, '#/deploy')
  const form = page.getByRole('form', { name: 'Deploy a function' })
  await form.getByLabel('Name', { exact: true }).fill(name)
  await typeCode(page, 'index.js', code)
  await form.getByRole('button', { name: 'Deploy', exact: true }).click()
  await form.locator('.success').waitFor()
}

/** Replaces what is in an editor, once it is there. */
export async function typeCode(page: Page, label: string, code: string): Promise<void> {
  await page.locator(`.cm-content[aria-label="${label}"]`).fill(code)
}

/** Resolves with the section that shows the result. */
export async function invokeByForm(page: Page, name: string, event: unknown): Promise<Locator> {
  await goTo(page, `#/functions/${name}/test`)
  const form = page.getByRole('form', { name: `Invoke ${name}` })
  await typeCode(page, 'Event, JSON', JSON.stringify(event))
  const answered = page.waitForResponse((response) => response.url().includes('/invocations') && response.request().method() === 'POST')
  await form.getByRole('button', { name: 'Invoke', exact: true }).click()
  await answered
  const result = form.getByRole('region', { name: 'Result' })
  await result.waitFor()
  return result
}

/** What axe-core finds that is serious or critical, one line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
    'axe.run(document).then((results) => results.violations)')
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}

function findChromium(): string {
  const named = process.env['SWARMLAMBDA_CHROMIUM']
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  candidates.push('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome')
  const found = candidates.find(isExecutable)
  if (found === undefined) throw new Error('no Chromium found: install one or name it in SWARMLAMBDA_CHROMIUM')
  return found
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
