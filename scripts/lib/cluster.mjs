// Deploys and invokes, as a caller would, for `npm start` and the benchmark.
import { Stop } from './terminal.mjs'

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
