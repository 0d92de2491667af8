// Promise 5: every acknowledged deploy is still there after kill -9 of all edges at once, after a power cut, and after damage.
import { cp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connected, NAMES, startEdge, startMesh } from '../../dist/test/mesh/harness/edges.js'
import { call, deploy } from '../../dist/test/mesh/harness/http.js'
import { damage, restore } from '../../dist/test/registry/damaged.js'
import { openFolder, returning, servedBy } from './agree.mjs'
import { within } from './within.mjs'

export const title = 'An acknowledged deploy survives kill -9 of all edges, a power cut and a damaged disk'

export async function run({ quick, random, say }) {
  return [
    ...(await within(async (use) => killAll(use(await startMesh()), quick ? 2 : 20, random, say))),
    ...(await within((use) => powerCuts(use, quick ? 3 : 40, random, say))),
    ...(await within((use) => damages(use, quick ? 2 : 60, random, say))),
  ]
}

const names = async ({ url }) => new Set((await call('GET', `${url}/functions`)).json.functions.map(({ codeSha256, name }) => `${name} ${codeSha256}`))

/** Deploys on every edge at once, until all of them are killed at the same instant. */
async function killAll(mesh, rounds, random, say) {
  const acknowledged = new Map()
  let missing = 0
  for (let round = 0; round < rounds; round++) {
    await connected(Object.values(mesh.edges), 60_000)
    let over = false
    const deploying = NAMES.map(async (edge) => {
      for (let n = 0; !over; n++) {
        const name = `${edge}-${round}-${n}`
        const answer = await call('POST', `${mesh.url(edge)}/functions?wait=local`, { name, files: { 'index.js': returning(name) } }).catch(() => null)
        if (answer?.status < 300) acknowledged.set(name, answer.json.codeSha256)
      }
    })
    await sleep(random.between(300, 1_500))
    over = true
    await Promise.all(NAMES.map((edge) => mesh.edges[edge].kill()))
    await Promise.all(deploying)
    await Promise.all(NAMES.map((edge) => mesh.restart(edge)))
    await connected(Object.values(mesh.edges), 60_000)
    for (const edge of NAMES) {
      const wanted = [...acknowledged].map(([name, digest]) => `${name} ${digest}`)
      let lacks = wanted
      for (const until = performance.now() + 20_000; performance.now() < until && lacks.length > 0; await sleep(50)) {
        const has = await names(mesh.edges[edge])
        lacks = wanted.filter((one) => !has.has(one))
      }
      if (lacks.length > 0) say(`round ${round}, ${edge} lacks ${lacks.slice(0, 3).join()}`)
      missing += lacks.length
    }
  }
  return [{ what: `acknowledged deploys that are missing after ${rounds} kills of all edges at once, of ${acknowledged.size} names`, figure: missing, limit: '0', met: missing === 0 && acknowledged.size > 0 }]
}

/** Files that only grow, and that a deploy is written to. */
const WRITTEN = /store\/db\/.*\.log$/

const filesOf = async (folder) =>
  new Map(await Promise.all((await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    return [path.slice(folder.length), (await stat(path)).size]
  })))

const grew = (before, after) => [...after].some(([file, size]) => WRITTEN.test(file) && size > (before.get(file) ?? size))

/** One edge, alone: what was written after the last acknowledgement is cut off anywhere, as if it had never reached the disk. */
async function powerCuts(use, cuts, random, say) {
  const { path: folder } = use(await openFolder())
  const stateDir = join(folder, 'edge-a')
  let edge = await startEdge({ name: 'edge-a', folder })
  use({ [Symbol.asyncDispose]: () => edge.kill() })
  const acknowledged = new Map()
  let missing = 0
  let lost = 0
  for (let cut = 0; cut < cuts; cut++) {
    for (let n = 0; n < 4; n++) {
      const answer = await deploy(edge.url, `f${n}`, returning(`${cut} ${n}`))
      acknowledged.set(`f${n}`, answer.json.codeSha256)
    }
    const synced = await filesOf(stateDir)
    // On their way when the power goes; none of them is acknowledged.
    const under = Array.from({ length: 3 }, (_, n) => deploy(edge.url, `g${n}`, returning(`${cut}`)).catch(() => null))
    // Until something of them is in a file.
    for (const until = performance.now() + 2_000; performance.now() < until && !grew(synced, await filesOf(stateDir)); );
    await sleep(random.between(0, 4))
    await edge.kill()
    const answers = await Promise.all(under)
    const done = answers.some((answer) => answer?.status < 300)
    const saved = join(folder, 'saved')
    await cp(stateDir, saved, { recursive: true })
    await restore(saved, stateDir)
    await rm(saved, { recursive: true, force: true })
    // Where one of them was acknowledged before the kill, it is on disk too, and nothing may be cut.
    if (!done) {
      for (const [file, size] of await filesOf(stateDir)) {
        const least = synced.get(file)
        if (!WRITTEN.test(file) || least === undefined || size <= least) continue
        const to = Math.floor(random.between(least, size))
        lost += size - to
        await truncate(join(stateDir, file), to)
      }
    }
    edge = await startEdge({ name: 'edge-a', folder })
    const has = await names(edge)
    const lacks = [...acknowledged].filter(([name, digest]) => !has.has(`${name} ${digest}`))
    if (lacks.length > 0) say(`cut ${cut} lost ${lacks.map(([name]) => name).join()}`)
    missing += lacks.length
  }
  return [{ what: `acknowledged deploys that are missing after ${cuts} power cuts of an edge alone (${(lost / 1e3).toFixed(0)} kB not synced were cut off)`, figure: missing, limit: '0', met: missing === 0 }]
}

/** Two edges, one of which finds its files cut, flipped or gone. */
async function damages(use, count, random, say) {
  const { path: folder } = use(await openFolder())
  const stateDir = join(folder, 'edge-a')
  const saved = join(folder, 'saved')
  const b = use(await startEdge({ name: 'edge-b', folder }))
  let a = await startEdge({ name: 'edge-a', folder })
  use({ [Symbol.asyncDispose]: () => a.kill() })
  await connected([a, b])
  for (let n = 0; n < 6; n++) await deploy(a.url, `f${n}`, returning(`${n}`))
  for (let n = 0; n < 6; n++) await servedBy([b], `f${n}`, `"${n}"`)
  await a.stop()
  await cp(stateDir, saved, { recursive: true })
  const broken = []
  for (let n = 0; n < count; n++) {
    await restore(saved, stateDir)
    const what = await damage(stateDir, random.next)
    try {
      a = await startEdge({ name: 'edge-a', folder })
      const text = `after ${n}`
      await connected([a, b], 60_000)
      for (let f = 0; f < 6; f++) if ((await servedBy([a], `f${f}`, `"${f}"`, 30_000)) === Infinity) throw new Error(`f${f} is not served`)
      const answer = await deploy(a.url, 'after', returning(text))
      if (answer.status >= 300 || (await servedBy([a, b], 'after', `"${text}"`, 30_000)) === Infinity) throw new Error(`a deploy does not reach both: ${answer.status} ${answer.text.slice(0, 200)}`)
    } catch (error) {
      broken.push(what)
      say(`${what}: ${String(error.message).slice(0, 300)}`)
      for (const line of a.output().split('\n').filter((each) => / (error|warn) /.test(each)).slice(-3)) say(`  ${line.slice(0, 300)}`)
    }
    await a.kill()
  }
  return [{ what: `damaged stores from which an edge did not come back whole, of ${count}`, figure: broken.length, limit: '0', met: broken.length === 0 }]
}
