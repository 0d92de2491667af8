// From the start of a deploy until the new code answers on every edge of three, each asked directly.
import { setTimeout as delay } from 'node:timers/promises'
import { deploy, invoke } from '../scripts/lib/cluster.mjs'
import { say } from '../scripts/lib/terminal.mjs'
import { quantile } from './figures.mjs'

const DEPLOYS = 60
const QUICK_DEPLOYS = 10
/** Between two looks, should an edge not have it yet. Looking from the start would take the cores that the edges need. */
const POLL_MS = 2

const untilAnswers = async (base, version) => {
  for (;;) {
    const { text } = await invoke(base, 'versioned', {})
    if (text === String(version)) return
    await delay(POLL_MS)
  }
}

export const deployments = async ({ quick, stateDir }) => {
  const { EDGES, openLocalMesh } = await import('../dist/lib/dev/local-mesh.js')
  const mesh = await openLocalMesh({
    edges: EDGES.map((edge) => ({ ...edge, port: 0 })),
    stateDir: `${stateDir}/deploy`,
    proxyPort: null,
    dnsPort: null,
    env: process.env,
    edgeEnv: { SWARMLAMBDA_CLUSTER_ID: 'bench', SWARMLAMBDA_BOOTSTRAP: 'none' },
    onLine: () => {},
    onExit: (name, how) => process.stderr.write(`${name} ${how}\n`),
  })
  try {
    return await measure(mesh.edges.map(({ url }) => url), quick ? QUICK_DEPLOYS : DEPLOYS)
  } finally {
    await mesh[Symbol.asyncDispose]()
  }
}

const measure = async (urls, count) => {
  say('deploy', `${count} deploys, one after another, to each edge in turn`)
  const everywhere = []
  const answered = []
  for (let version = 0; version < count; version += 1) {
    const to = urls[version % urls.length]
    const started = performance.now()
    const elapsed = () => performance.now() - started
    // It answers when every edge has said that it has the code; then each is asked for proof.
    await deploy(to, 'versioned', `exports.handler = async () => ${version}`)
    answered.push(elapsed())
    await Promise.all(urls.map((url) => untilAnswers(url, version)))
    everywhere.push(elapsed())
  }
  const row = (what, values) => [`${what}: p50, p90, p99`, [0.5, 0.9, 0.99].map((share) => `${quantile(values, share).toFixed(0)} ms`).join(', ')]
  return {
    title: `${count} deploys on three edges of this machine`,
    figures: [row('new code answers on all three edges', everywhere), row('POST /functions answers (it waits for all)', answered)],
  }
}
