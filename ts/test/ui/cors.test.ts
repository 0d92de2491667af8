// CORS as a browser sees it: a page of one origin calls functions of another.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEdge } from '../mesh/harness/edges.js'
import { call, deploy } from '../mesh/harness/http.js'
import { openBrowser } from './browser.js'

test('the gateway answers preflights and lets pages read what the configuration says', async () => {
  const site = createServer((_request, response) => void response.setHeader('content-type', 'text/html').end('<title>page</title>')).listen(0, '127.0.0.1')
  await once(site, 'listening')
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  const edge = await startEdge({ name: 'edge-a', folder })
  const browser = await openBrowser()
  try {
    const source = 'exports.handler = async (event) => ({ statusCode: 200, headers: { "x-seen": event.requestContext.http.method }, body: "read" })'
    for (const name of ['open', 'closed']) assert.equal((await deploy(edge.url, name, source)).status, 201)
    const Cors = { AllowOrigins: [origin], AllowMethods: ['PUT'], AllowHeaders: ['x-custom'], ExposeHeaders: ['x-seen'], AllowCredentials: true, MaxAge: 60 }
    const created = await call('POST', `${edge.url}/2021-10-31/functions/open/url`, { AuthType: 'NONE', Cors })
    assert.equal(created.status, 201, created.text)
    const page = await browser.newPage()
    await page.goto(origin)
    const put = async (name: string, method: string, header: string): Promise<string> =>
      await page.evaluate(
        async ([url = '', how = '', extra = '']) => {
          try {
            const response = await fetch(url, { method: how, credentials: 'include', headers: { [extra]: '1' }, body: 'x' })
            return `${response.status} ${await response.text()} ${response.headers.get('x-seen')}`
          } catch (error) {
            return (error as Error).name
          }
        },
        [`${edge.url}/fn/${name}/`, method, header],
      )
    assert.equal(await put('open', 'PUT', 'x-custom'), '200 read PUT')
    assert.equal(await put('open', 'PUT', 'x-other'), 'TypeError')
    assert.equal(await put('open', 'DELETE', 'x-custom'), 'TypeError')
    assert.equal(await put('closed', 'PUT', 'x-custom'), 'TypeError')
  } finally {
    await browser.close()
    await edge.kill()
    site.close()
    site.closeAllConnections()
    await rm(folder, { recursive: true, force: true })
  }
})
