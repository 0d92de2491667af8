// A whole cluster on this machine: three edges in three regions, as `npm start` and the benchmark use it.
import { setTimeout as delay } from 'node:timers/promises'
import { Stop } from './terminal.mjs'

export const EDGES = [
  { name: 'edge-a', region: 'us-west-sfo' },
  { name: 'edge-b', region: 'us-east-iad' },
  { name: 'edge-c', region: 'eu-central-fra' },
]

const POLL_MS = 100

export const urlOf = (port) => `http://127.0.0.1:${port}`

/** Starts the three edges at once, on `ports` (0: a free one); their state under `stateDir`. Resolves with their pids and addresses. */
export const startEdges = (children, ports, stateDir, env = {}) =>
  Promise.all(
    EDGES.map(({ name, region }, i) =>
      children.start(name, 'bin/edge.js', {
        SWARMLAMBDA_NODE_NAME: name,
        SWARMLAMBDA_REGION: region,
        SWARMLAMBDA_HTTP_PORT: String(ports[i]),
        SWARMLAMBDA_STATE_DIR: `${stateDir}/${name}`,
        ...env,
      }),
    ),
  )

const upOn = async (port) => {
  const response = await fetch(`${urlOf(port)}/cluster`, { signal: AbortSignal.timeout(2000) })
  const { edges } = await response.json()
  return edges.filter(({ state }) => state === 'up').map(({ name }) => name)
}

/** Resolves when each edge sees all of them; names who is missing where when that takes longer than `deadlineMs`. */
export const untilConnected = async (ports, deadlineMs, signal) => {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const seen = await Promise.all(ports.map((port) => upOn(port).catch(() => [])))
    const gaps = seen.flatMap((names, i) =>
      EDGES.filter(({ name }) => !names.includes(name)).map(({ name }) => `${EDGES[i].name} does not see ${name}`),
    )
    if (gaps.length === 0) return
    if (performance.now() > deadline) throw new Stop(`The edges did not find each other: ${gaps.join(', ')}.`)
    await delay(POLL_MS, undefined, { signal })
  }
}

/** Deploys a function of one file through `base`; the answer of the control API. */
export const deploy = async (base, name, code) => {
  const response = await fetch(`${base}/functions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, handler: 'index.handler', files: { 'index.js': code } }),
    signal: AbortSignal.timeout(30_000),
  })
  const text = await response.text()
  if (!response.ok) throw new Stop(`Deploying ${name} was answered ${response.status}: ${text}`)
  return JSON.parse(text)
}

/** Invokes a function through `base`; `{ status, headers, text }`. */
export const invoke = async (base, name, event) => {
  const response = await fetch(`${base}/2015-03-31/functions/${name}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(30_000),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
