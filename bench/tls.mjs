// What TLS costs a request on a connection that is kept: hello over HTTPS and over HTTP, on one edge. Needs openssl.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { deploy } from '../scripts/lib/cluster.mjs'
import { run } from '../scripts/lib/run.mjs'
import { Stop } from '../scripts/lib/terminal.mjs'
import { EVENT, HELLO } from './hello.mjs'
import { measure, pinning, startEdge } from './rounds.mjs'

export const tls = async (children, stateDir) => {
  const [certificate, key] = ['tls.pem', 'tls.key'].map((file) => join(stateDir, file))
  const about = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=lambda.mesh']
  const { code } = await run('openssl', ['req', '-x509', ...about, '-keyout', key, '-out', certificate], { collect: true })
  if (code !== 0) throw new Stop('openssl made no certificate')
  const pin = await pinning()
  const port = await freePort()
  const edge = await startEdge(children, join(stateDir, 'edge'), pin.server, { SWARMLAMBDA_TLS_CERT: certificate, SWARMLAMBDA_TLS_KEY: key, SWARMLAMBDA_HTTPS_PORT: String(port) })
  await deploy(edge.address, 'hello', HELLO)
  const path = '/2015-03-31/functions/hello/invocations'
  const targets = [
    { what: 'HTTPS', pid: edge.pid, url: `https://127.0.0.1:${port}${path}`, body: EVENT },
    { what: 'HTTP', pid: edge.pid, url: `${edge.address}${path}`, body: EVENT },
  ]
  const { text, cpuUs: [https, http] } = await measure('tls', targets, pin)
  return `${text}\n\nCPU per request: HTTPS ${(https / http).toFixed(2)} × HTTP`
}

/** The edge says where HTTPS is only in words for people. */
const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
