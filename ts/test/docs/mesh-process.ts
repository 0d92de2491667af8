// A process of docs.test.ts, alone in a network of its own: the mesh of `npm start`, on the ports that the documentation names.
import { EDGES, openLocalMesh } from '../../lib/dev/local-mesh.js'

const [stateDir = '', firstPort = '8787', proxyPort = '8790', dnsPort = '8753'] = process.argv.slice(2)

await using mesh = await openLocalMesh({
  edges: EDGES.map((edge, i) => ({ ...edge, port: Number(firstPort) + i })),
  stateDir,
  proxyPort: Number(proxyPort),
  dnsPort: Number(dnsPort),
  env: process.env,
  edgeEnv: { SWARMLAMBDA_BOOTSTRAP: 'none' },
  onLine: (name, line) => process.stderr.write(`${name} ${line}\n`),
  onExit: (name, how) => process.stderr.write(`${name} ${how}\n`),
})
process.stdout.write(`mesh is ready on ${mesh.url}\n`)
await new Promise((resolve) => process.once('SIGTERM', resolve))
