// The hello invocation, a hit on one edge, beside servers that answer the same bytes without any isolation.
import { deploy } from '../scripts/lib/cluster.mjs'
import { measure, pinning, startEdge } from './rounds.mjs'

export const EVENT = '{"name":"world"}'
export const HELLO = 'exports.handler = async (e) => ({ ok: true, e })'

export const hello = async (children, stateDir) => {
  const pin = await pinning()
  const edge = await startEdge(children, stateDir, pin.server)
  await deploy(edge.address, 'hello', HELLO)
  const peer = (name) => children.start({ name, script: `bench/peers/${name}.mjs`, env: {}, command: pin.server })
  const servers = [
    { what: 'SwarmLambda, a fresh sandbox each', ...edge },
    { what: 'node:http, no isolation', ...(await peer('node-http')) },
    { what: 'uWebSockets.js, no isolation', ...(await peer('uwebsockets')) },
  ]
  const targets = servers.map(({ what, pid, address }) => ({ what, pid, url: `${address}/2015-03-31/functions/hello/invocations`, body: EVENT }))
  const { text, cpuUs: [ours, http, uws] } = await measure('hello', targets, pin)
  return `${text}

CPU per request: ${(ours / http).toFixed(2)} × node:http, ${(ours / uws).toFixed(2)} × uWebSockets.js`
}
