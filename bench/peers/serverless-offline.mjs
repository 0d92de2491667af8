// A peer: serverless-offline, which emulates AWS Lambda for development, a worker thread for each function.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const { BENCH_FUNCTIONS: functions, BENCH_PEERS: peers, BENCH_SCRATCH: scratch } = process.env
const folder = join(scratch, 'serverless')
mkdirSync(folder)
cpSync(join(functions, 'hello.cjs'), join(folder, 'hello.js'))
symlinkSync(join(peers, 'node_modules'), join(folder, 'node_modules'))
writeFileSync(join(folder, 'package.json'), '{}')
writeFileSync(
  join(folder, 'serverless.yml'),
  'service: bench\nprovider: { name: aws, runtime: nodejs20.x }\nplugins: [serverless-offline]\nfunctions:\n  hello: { name: hello, handler: hello.handler }\n',
)
const ports = []
for (let turn = 0; turn < 3; turn += 1) {
  const finder = createServer().listen(0, '127.0.0.1')
  await once(finder, 'listening')
  ports.push(finder.address().port)
  finder.close()
}
const [http, lambda, websocket] = ports.map(String)
const args = [join(peers, 'node_modules/serverless/bin/serverless.js'), 'offline', '--host', '127.0.0.1', '--httpPort', http, '--lambdaPort', lambda, '--websocketPort', websocket]
const env = { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off', SLS_TRACKING_DISABLED: '1', CI: '1' }
const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
process.on('SIGTERM', () => child.kill())
child.on('exit', (code) => process.exit(code ?? 1))
let said = ''
const listen = (chunk) => {
  said += chunk
  process.stderr.write(chunk)
  if (said.includes('[http for lambda] listening')) {
    said = ''
    console.log(`serverless-offline is ready on http://127.0.0.1:${lambda}`)
  }
}
child.stdout.on('data', listen)
child.stderr.on('data', listen)
