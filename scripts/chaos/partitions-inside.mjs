// Partitions of four real edges, of any shape, with deploys, deletes and moves of an alias on every side. Run inside
// namespaces by partitions.mjs. Prints lines `row {…}` and `say …`.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openFolder, returning } from './agree.mjs'
import { ms, quantile } from './load.mjs'
import { openNetwork } from './namespaces.mjs'
import { randomFrom } from './random.mjs'

const { quick, seed } = JSON.parse(process.argv[2])
const random = randomFrom(`${seed}/partitions`)
const EDGES = ['edge-a', 'edge-b', 'edge-c', 'edge-d']
const REGIONS = ['us-west-sfo', 'us-east-iad', 'eu-central-fra', 'ap-southeast-sin']
const NAMES = ['f', 'g', 'h']
const HEALED_WITHIN_MS = 60_000
const ALLOWED_MS = 5_000
const LONG_MS = quick ? 0 : 600_000

const say = (text) => process.stdout.write(`say ${text}\n`)
const row = (what, figure, limit, met) => process.stdout.write(`row ${JSON.stringify({ what, figure, limit, met })}\n`)

const folder = await openFolder()
const network = await openNetwork(EDGES)
const key = randomBytes(32).toString('hex')
const edges = await Promise.all(EDGES.map((name, index) => network.edge(name, REGIONS[index], folder.path, key)))

/** Everything an edge knows of the functions, what lost included. */
const knows = async (edge) => {
  const { json } = await edge.request('GET', '/functions')
  const functions = await Promise.all((json?.functions ?? []).map(async ({ name }) => {
    const [shown, aliases] = await Promise.all([edge.request('GET', `/functions/${name}`), edge.request('GET', `/2015-03-31/functions/${name}/aliases`)])
    return {
      name,
      revisions: [shown.json?.revisionId, ...(shown.json?.conflicts ?? []).map(({ revisionId }) => revisionId)],
      aliases: (aliases.json?.Aliases ?? []).map(({ FunctionVersion, Name, RevisionId }) => `${Name}=${FunctionVersion} ${RevisionId}`),
    }
  }))
  return functions.sort((one, other) => (one.name < other.name ? -1 : 1))
}
/** Milliseconds until all of them are connected, and know the same, and what that is. */
const agreed = async () => {
  const beganAt = performance.now()
  let all = []
  let met = Infinity
  while (performance.now() - beganAt < HEALED_WITHIN_MS) {
    all = await Promise.all(edges.map(async (edge) => {
      const seen = (await edge.request('GET', '/cluster')).json?.edges ?? []
      return { seen: seen.filter(({ state }) => state === 'up').length, functions: await knows(edge) }
    }))
    const [first] = all
    const now = performance.now() - beganAt
    const complete = all.every(({ seen }) => seen === edges.length)
    if (complete) met = Math.min(met, now)
    if (complete && all.every(({ functions }) => JSON.stringify(functions) === JSON.stringify(first.functions))) return { met, took: now, functions: first.functions }
    await sleep(50)
  }
  say(`no agreement: ${JSON.stringify(all).slice(0, 600)}`)
  return { met, took: Infinity, functions: [] }
}

/** One change by one edge of a side; what it acknowledged. */
const change = async (edge, n) => {
  const name = random.pick(NAMES)
  const choice = random.next()
  if (choice < 0.6) {
    const { json, status } = await edge.request('POST', '/functions?wait=local', { name, files: { 'index.js': returning(`${edge.name} ${n}`) } })
    return status < 300 ? { name, revisionId: json.revisionId } : null
  }
  if (choice < 0.8) {
    const { status } = await edge.request('DELETE', `/functions/${name}`)
    return status === 204 ? { name, revisionId: null } : null
  }
  const published = await edge.request('POST', `/2015-03-31/functions/${name}/versions`, {})
  if (published.status !== 201) return null
  const moved = await edge.request('PUT', `/2015-03-31/functions/${name}/aliases/live`, { FunctionVersion: published.json.Version })
  if (moved.status === 404) await edge.request('POST', `/2015-03-31/functions/${name}/aliases`, { Name: 'live', FunctionVersion: published.json.Version })
  return null
}

/** Cuts the mesh into sides, lets one edge of each change things, heals; whether all agree and what was acknowledged is accounted for. */
const round = async (n, lastsMs) => {
  const sides = new Map(EDGES.map((name) => [name, Math.floor(random.next() * 3)]))
  await network.cut((one, other) => sides.get(one) === sides.get(other))
  const changed = []
  for (const side of new Set(sides.values())) {
    const edge = edges.find(({ name }) => sides.get(name) === side)
    const last = new Map()
    for (let count = 1 + Math.floor(random.next() * 4); count > 0; count--) {
      const done = await change(edge, `${n} ${count}`)
      if (done) last.set(done.name, done.revisionId)
    }
    changed.push(last)
  }
  await sleep(lastsMs)
  await network.cut(() => true)
  const { functions, met, took } = await agreed()
  // The last word of each side on each name won, is listed beside the winner, or a side deleted the name.
  let silent = 0
  for (const last of changed) {
    for (const [name, revisionId] of last) {
      if (revisionId === null) continue
      const known = functions.find((each) => each.name === name)
      const deleted = changed.some((other) => other !== last && other.get(name) === null)
      if (!known?.revisions.includes(revisionId) && !(known === undefined && deleted)) {
        silent += 1
        say(`round ${n}: ${name} ${revisionId} is gone: ${JSON.stringify(known)}`)
      }
    }
  }
  if (took > ALLOWED_MS / 2) say(`round ${n}: sides ${[...sides.values()].join('')} for ${ms(lastsMs)}, connected ${ms(met)} and agreed ${ms(took)} after it`)
  return { met, took, silent, conflicts: functions.reduce((sum, { revisions }) => sum + revisions.length - 1, 0) }
}

let code = 0
try {
  await agreed()
  const rounds = quick ? 3 : 40
  const results = []
  for (let n = 0; n < rounds; n++) {
    results.push(await round(n, random.between(0, 6_000)))
    if (n % 10 === 9) say(`${n + 1} partitions, ${results.reduce((sum, { conflicts }) => sum + conflicts, 0)} conflicts listed`)
  }
  const took = results.map((result) => result.took)
  row(`partitions of 4 real edges after which not all agreed, of ${rounds}`, took.filter((each) => each === Infinity).length, '0', took.every(Number.isFinite))
  row('acknowledged deploys that neither won, nor are listed as a conflict, nor were deleted', results.reduce((sum, { silent }) => sum + silent, 0), '0', results.every(({ silent }) => silent === 0))
  row('from the healing of a partition until all agree: p50, longest', `${ms(quantile(took, 0.5))}, ${ms(Math.max(...took))}`, `${ALLOWED_MS} ms`, quick || Math.max(...took) <= ALLOWED_MS)
  if (LONG_MS > 0) {
    const long = await round('long', LONG_MS)
    row(`the same after a partition of ${LONG_MS / 60_000} minutes`, ms(long.took), `${ALLOWED_MS} ms`, long.took <= ALLOWED_MS && long.silent === 0)
  }
} catch (error) {
  process.stdout.write(`${error.stack}\n`)
  code = 1
}
await Promise.all(edges.map((edge) => edge.kill()))
await folder[Symbol.asyncDispose]()
process.exit(code)
