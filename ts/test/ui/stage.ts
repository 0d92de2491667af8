// Three edges and a page of the first, shared by the tests of one `describe`.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, openPage, seesUp } from './browser.js'
import { type Mesh, openThreeEdges } from './processes.js'

export interface Stage {
  readonly mesh: Mesh
  readonly page: Page
  /** Of an edge; the page comes from edge-a. */
  url(name?: 'edge-a' | 'edge-b' | 'edge-c'): string
}

/** To be called in a `describe`: its tests find everything up, and nothing of it is left behind. `setUp` ends the preparations. */
export function useStage(setUp: (stage: Stage) => Promise<void> = () => Promise.resolve()): Stage {
  let mesh: Mesh | undefined
  let browser: Browser | undefined
  let page: Page | undefined
  const stage: Stage = {
    get mesh() {
      return mesh ?? assert.fail('no mesh is open')
    },
    get page() {
      return page ?? assert.fail('no page is open')
    },
    url: (name = 'edge-a') => mesh?.edges[name]?.url ?? assert.fail(`${name} is not there`),
  }
  before(async () => {
    ;[mesh, browser] = await Promise.all([openThreeEdges(), openBrowser()])
    page = (await openPage(browser, stage.url())).page
    await seesUp(page, 'edge-a', 'edge-b', 'edge-c')
    await setUp(stage)
  })
  after(async () => {
    await browser?.close()
    await mesh?.[Symbol.asyncDispose]()
  })
  return stage
}
