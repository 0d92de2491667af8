// `npm run screenshots`: pictures of ClusterFlow for docs/, of a mesh that this script brings up, fills and breaks.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { findChromium } from './lib/chromium.mjs'
import { deploy, invoke } from './lib/cluster.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { at } from './lib/paths.mjs'
import { build } from './lib/steps.mjs'
import { main, say } from './lib/terminal.mjs'

const EDGES = [
  { name: 'sfo-1', region: 'us-west-sfo' },
  { name: 'iad-1', region: 'us-east-iad' },
  { name: 'iad-2', region: 'us-east-iad' },
  { name: 'fra-1', region: 'eu-central-fra' },
  { name: 'nrt-1', region: 'ap-northeast-nrt' },
].map((edge) => ({ ...edge, port: 0 }))
const FOLDER = at('docs/screenshots')
const SIZE = { width: 1360, height: 850 }
const PHONE = { width: 390, height: 844 }
/** Long enough for the charts to have something to show. */
const TRAFFIC_MS = 75_000

const FUNCTIONS = {
  'price-quote': `const RATES = { EUR: 1, USD: 1.09, JPY: 161.4 }

exports.handler = async ({ amount = 10, currency = 'USD' }) => {
  if (process.env.SWARMLAMBDA_REGION === 'us-west-sfo' && Math.random() < 0.25) throw new Error('no rates here')
  return { amount: amount * RATES[currency], currency }
}
`,
  'resize-image': `exports.handler = async ({ width = 640 }) => {
  let sum = 0
  for (let i = 0; i < 40000; i++) sum += i % width
  return { width, sum }
}
`,
}

/** Invocations through every edge until told to stop, more and fewer in turn. */
const traffic = (urls, signal) => {
  const run = async () => {
    for (let sent = 0; !signal.aborted; sent++) {
      const name = ['hello', ...Object.keys(FUNCTIONS)][sent % 3]
      await invoke(urls[sent % 2 === 0 ? 0 : sent % urls.length], name, { name: 'you' }).catch(() => null)
      await delay(sent % 200 < 120 ? 25 : 90)
    }
  }
  return run()
}

/** The sample is deployed as a newcomer does it. */
const fill = async (mesh, browser) => {
  const page = await browser.newPage()
  await page.goto(mesh.url)
  await page.getByRole('button', { name: 'Deploy a sample and send traffic' }).click()
  await page.getByRole('heading', { name: 'hello', exact: true }).waitFor()
  await page.close()
  const { files } = await (await fetch(`${mesh.url}/functions/hello/files`)).json()
  for (const [name, code] of Object.entries(FUNCTIONS)) await deploy(mesh.url, name, code)
  const lambda = (path, body) => fetch(`${mesh.url}/2015-03-31/functions/hello/${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  })
  await lambda('versions', {})
  await deploy(mesh.url, 'hello', files['index.js'].replace('Hello', 'Good day'))
  await lambda('versions', {})
  await lambda('aliases', { Name: 'live', FunctionVersion: '2', RoutingConfig: { AdditionalVersionWeights: { 1: 0.1 } } })
}

const pictures = (browser, url) => async (name, fragment, { dark = false, phone = false, ready, before } = {}) => {
  const page = await browser.newPage({ viewport: phone ? PHONE : SIZE, colorScheme: dark ? 'dark' : 'light' })
  await page.goto(`${url}/${fragment}`)
  await page.locator('.edge-node').nth(EDGES.length - 1).waitFor()
  if (before) await before(page)
  if (ready) await page.locator(ready).first().waitFor()
  // The page's own figures come once a second; this is for the eye only.
  await delay(5_000)
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  await page.close()
  say('picture', `docs/screenshots/${name}.png`)
}

await main(async () => {
  await ensureInstalled()
  await build()
  const { openLocalMesh } = await import('../dist/lib/dev/local-mesh.js')
  const stateDir = await mkdtemp(join(tmpdir(), 'swarmlambda-screenshots-'))
  await mkdir(FOLDER, { recursive: true })
  const mesh = await openLocalMesh({
    edges: EDGES, stateDir, proxyPort: 0, dnsPort: null, onExit: () => undefined, onLine: () => undefined,
    env: { PATH: process.env.PATH, HOME: stateDir },
    edgeEnv: { SWARMLAMBDA_CLUSTER_ID: 'production', SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_THREADS: '1', SWARMLAMBDA_LOG: 'error' },
  })
  const browser = await chromium.launch({ executablePath: await findChromium(), args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  const stop = new AbortController()
  try {
    await fill(mesh, browser)
    const running = traffic(mesh.edges.map(({ url }) => url), stop.signal)
    await delay(TRAFFIC_MS)
    const take = pictures(browser, mesh.edges[0].url)
    await take('mesh', '#/functions')
    await take('function', '#/functions/hello', { ready: '.chart' })
    await take('code', '#/functions/price-quote/code', { ready: '.cm-content' })
    await take('invocation', '#/invocations', {
      dark: true,
      before: async (page) => {
        await page.getByRole('button', { name: 'Failed over' }).click()
        await page.locator('[data-request]').first().click()
        await page.locator('.waterfall').waitFor()
      },
    })
    await take('phone', '#/functions/hello', { phone: true })
    await mesh.kill('iad-2')
    await take('outage', '#/edges', { dark: true, ready: '.edge-node.down' })
    stop.abort()
    await running
  } finally {
    stop.abort()
    await browser.close()
    await mesh[Symbol.asyncDispose]()
    await rm(stateDir, { recursive: true, force: true })
  }
  return 0
})
