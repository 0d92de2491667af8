// Promise 7: an edge whose clock is 400 days off, or jumps while it runs (libfaketime), beside two with the right time.
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connected, startEdge } from '../../dist/test/mesh/harness/edges.js'
import { deploy } from '../../dist/test/mesh/harness/http.js'
import { metric, openFolder, returning, servedBy } from './agree.mjs'
import { ms } from './load.mjs'
import { within } from './within.mjs'

export const title = 'A wrong clock never wins for good and never blocks'

const TOLD = /the clock of this edge is wrong, if most of its peers are right/

/** What has to be preloaded; null: libfaketime is not installed. */
const library = () => {
  try {
    return execFileSync('faketime', ['-m', '-f', '+0d', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}

export async function run({ quick, random, say }) {
  const preload = library()
  if (preload === null) return [{ what: 'clocks', figure: 'needs faketime', limit: '', met: null }]
  const rows = []
  for (const days of [400, -400]) rows.push(...(await within((use) => wrong(use, preload, days, quick ? 2 : 10, random, say))))
  return rows
}

async function wrong(use, preload, days, jumps, random, say) {
  const { path: folder } = use(await openFolder())
  const file = join(folder, 'clock')
  const set = (offset) => writeFile(file, `${offset >= 0 ? '+' : ''}${offset}d\n`)
  await set(days)
  const env = { LD_PRELOAD: preload, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' }

  // Alone, with nobody to say what time it is: it works, and writes down what the others will not believe.
  const b = use(await startEdge({ name: 'edge-b', folder, env }))
  await deploy(b.url, 'f', returning('alone, with a wrong clock'))
  const alone = await servedBy([b], 'f', '"alone, with a wrong clock"')
  const [a, c] = [use(await startEdge({ name: 'edge-a', folder })), use(await startEdge({ name: 'edge-c', folder }))]
  const edges = [a, b, c]
  await connected(edges, 60_000)
  const told = await b.line('the clock of this edge is wrong, if most of its peers are right', 30_000).then(() => true, () => false)
  const waiting = await metric(a, 'swarmlambda_registry_waiting')

  // Whoever deploys now wins, wherever and whatever the clock does meanwhile.
  const took = []
  const lost = []
  for (let n = 0; n <= jumps; n++) {
    const by = edges[n % 3]
    const text = `deploy ${n} by ${by.name}`
    const answer = await deploy(by.url, 'f', returning(text))
    if (answer.status >= 300) lost.push(`${text}: ${answer.status} ${answer.text.slice(0, 100)}`)
    const ended = await servedBy(edges, 'f', `"${text}"`, 30_000)
    if (ended === Infinity) lost.push(text)
    else took.push(ended)
    await set(Math.round(random.between(-400, 400)))
  }
  for (const text of lost.slice(0, 3)) say(`lost: ${text}`)
  const what = `a clock ${Math.abs(days)} days ${days > 0 ? 'ahead' : 'behind'}`
  return [
    { what: `${what}: alone it serves what it deploys`, figure: alone === Infinity ? 'no' : 'yes', limit: 'yes', met: alone !== Infinity },
    { what: `${what}: its edge says so, and the others count its records that wait`, figure: `${told && TOLD.test(b.output()) ? 'yes' : 'no'}, ${waiting}`, limit: days > 0 ? 'yes, ≥ 1' : 'yes, 0', met: told && (days > 0 ? waiting >= 1 : waiting === 0) },
    { what: `${what}, then ${jumps} jumps: deploys on any edge that did not win everywhere, of ${jumps + 1}`, figure: lost.length, limit: '0', met: lost.length === 0 },
    { what: `${what}: longest until a deploy is served everywhere`, figure: ms(Math.max(0, ...took)), limit: 'it ends', met: lost.length === 0 },
  ]
}
