// A peer: workerd, each function's code in the one isolate of a worker. It has no port of its own choice, so this picks one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildSync } from 'esbuild'

const { BENCH_FUNCTIONS: functions, BENCH_SCRATCH: scratch, BENCH_WORKERD: workerd } = process.env
const names = readdirSync(functions).filter((name) => name.endsWith('.cjs')).map((name) => name.slice(0, -4))
const source = `${names.map((name, at) => `import * as f${at} from ${JSON.stringify(join(functions, `${name}.cjs`))}`).join('\n')}
const handlers = { ${names.map((name, at) => `${JSON.stringify(name)}: f${at}.handler`).join(', ')} }
export default {
  async fetch(request) {
    const [, name] = /functions\\/([\\w-]+)\\/invocations$/.exec(new URL(request.url).pathname) ?? []
    const handler = handlers[name]
    if (!handler) return new Response('', { status: 404 })
    return new Response(JSON.stringify(await handler(JSON.parse(await request.text()))), { headers: { 'content-type': 'application/json' } })
  },
}`
buildSync({ stdin: { contents: source, resolveDir: functions }, bundle: true, format: 'esm', outfile: join(scratch, 'worker.js'), logLevel: 'error' })

const finder = createServer().listen(0, '127.0.0.1')
await once(finder, 'listening')
const { port } = finder.address()
finder.close()
writeFileSync(
  join(scratch, 'workerd.capnp'),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (modules = [(name = "worker", esModule = embed "worker.js")], compatibilityDate = "2026-01-01");
`,
)
const child = spawn(workerd, ['serve', join(scratch, 'workerd.capnp')], { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('exit', (code) => process.exit(code ?? 1))
process.on('SIGTERM', () => child.kill())
const answers = () =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
while (!(await answers())) await delay(20)
console.log(`workerd is ready on http://127.0.0.1:${port}`)
