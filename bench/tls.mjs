// What TLS costs a request on a connection that is kept: hello over HTTPS and over HTTP, on one edge. Needs openssl.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deploy } from '../scripts/lib/cluster.mjs'
import { freePorts } from '../scripts/lib/ports.mjs'
import { run as runProgram } from '../scripts/lib/run.mjs'
import { Stop } from '../scripts/lib/terminal.mjs'
import { EVENT, pathOf, startEdge } from './candidates.mjs'
import { measure } from './rounds.mjs'

export const tls = {
  async run({ children, pin, settings, sources, stateDir }) {
    const folder = join(stateDir, 'tls')
    await mkdir(folder)
    const [certificate, key] = ['tls.pem', 'tls.key'].map((file) => join(folder, file))
    const about = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=lambda.mesh']
    const { code } = await runProgram('openssl', ['req', '-x509', ...about, '-keyout', key, '-out', certificate], { collect: true })
    if (code !== 0) throw new Stop('openssl made no certificate')
    const [port] = await freePorts(1)
    const edge = await startEdge(children, join(folder, 'edge'), pin.server, { SWARMLAMBDA_TLS_CERT: certificate, SWARMLAMBDA_TLS_KEY: key, SWARMLAMBDA_HTTPS_PORT: String(port) })
    await deploy(edge.address, 'hello', sources.hello)
    const targets = [
      { what: 'HTTPS', pid: edge.pid, url: `https://127.0.0.1:${port}${pathOf('hello')}`, body: EVENT },
      { what: 'HTTP', pid: edge.pid, url: edge.address + pathOf('hello'), body: EVENT },
    ]
    const rows = await measure('tls', targets, settings)
    await children.kill('edge')
    const [https, http] = rows.map(({ cpuUs }) => cpuUs.median)
    return { title: 'hello over HTTPS and over HTTP', rows, figures: [['CPU for each request over HTTPS', `${(https / http).toFixed(2)} × HTTP`]] }
  },
}
