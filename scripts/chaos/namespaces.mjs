// Edges in network namespaces of their own on one bridge, for a process that has the network and mount namespace to itself.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { start } from '../../dist/test/mesh/harness/processes.js'

const run = promisify(execFile)
const ip = (...args) => run('ip', args)
const inside = (name, ...args) => run('ip', ['netns', 'exec', name, ...args], { maxBuffer: 64 * 1024 * 1024 })
const PORT = 8787

/** A bridge and a namespace with an address for each name. */
export async function openNetwork(names) {
  await run('mkdir', ['-p', '/run/netns'])
  await run('mount', ['-t', 'tmpfs', 'none', '/run/netns'])
  await ip('link', 'set', 'lo', 'up')
  await ip('link', 'add', 'mesh0', 'type', 'bridge')
  await ip('link', 'set', 'mesh0', 'up')
  const addressOf = (name) => `10.79.0.${names.indexOf(name) + 1}`
  for (const [index, name] of names.entries()) {
    await ip('netns', 'add', name)
    await ip('link', 'add', `v${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    await ip('link', 'set', `v${index}`, 'master', 'mesh0', 'up')
    await inside(name, 'ip', 'link', 'set', 'lo', 'up')
    await inside(name, 'ip', 'addr', 'add', `${addressOf(name)}/24`, 'dev', 'eth0')
    await inside(name, 'ip', 'link', 'set', 'eth0', 'up')
    await inside(name, 'nft', 'add table inet cut; add chain inet cut out { type filter hook output priority 0; }')
  }
  /** Each pair that `mayTalk` says no to loses every packet between them. */
  const cut = async (mayTalk) => {
    await Promise.all(names.map((name) => {
      const rules = names.filter((other) => other !== name && !mayTalk(name, other)).map((other) => `add rule inet cut out ip daddr ${addressOf(other)} drop`)
      return inside(name, 'nft', ['flush chain inet cut out', ...rules].join('; '))
    }))
  }
  /** An edge with its state in `folder`, ready. */
  const edge = async (name, region, folder, key) => {
    const program = start('ip', ['netns', 'exec', name, process.execPath, 'bin/edge.js'], {
      env: {
        SWARMLAMBDA_NODE_NAME: name, SWARMLAMBDA_REGION: region, SWARMLAMBDA_HTTP_PORT: String(PORT), SWARMLAMBDA_STATE_DIR: `${folder}/${name}`, SWARMLAMBDA_CLUSTER_KEY: key,
        SWARMLAMBDA_BOOTSTRAP: 'none', SWARMLAMBDA_LOG: 'debug', SWARMLAMBDA_PEERS: names.map((each) => `${addressOf(each)}:47800`).join(),
      },
    })
    await program.line('is ready on')
    const request = async (method, path, body) => {
      const data = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)]
      const { stdout } = await inside(name, 'curl', '-s', '-m', '20', '-w', '\n%{http_code}', '-H', 'x-swarm-failover: never', '-X', method, ...data, `http://127.0.0.1:${PORT}${path}`).catch((error) => ({ stdout: `${error.stdout ?? ''}\n0` }))
      const at = stdout.lastIndexOf('\n')
      const text = stdout.slice(0, at)
      let json = null
      try { json = JSON.parse(text) } catch { /* no JSON */ }
      return { status: Number(stdout.slice(at + 1)), text, json }
    }
    return Object.assign(program, { name, request })
  }
  return { cut, edge }
}
