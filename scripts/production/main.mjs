// `node scripts/production/main.mjs [--checkout]`: runs the commands of docs/production.md on three machines that are namespaces of this one: a bridge,
// 10.7.0.1 to 3, and /etc/swarmlambda, /var/lib/swarmlambda, /run and /root of their own. Needs root, ip, nsenter, openssl, curl, delv and the
// executable of `npm run package -- --here`. systemctl is systemctl.sh beside this file.
import { spawn, spawnSync } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { at } from '../lib/paths.mjs'
import { green, main, say, Stop } from '../lib/terminal.mjs'

const HOSTS = ['edge-1', 'edge-2', 'edge-3']
const EXECUTABLE = at('.build/package', `linux-${process.arch}`, 'swarmlambda')
/** --checkout: what was built here, with this Node. */
const COMMAND = process.argv.includes('--checkout') ? `${process.execPath} ${at('bin/swarmlambda.js')}` : EXECUTABLE
const OWN = ['/etc/swarmlambda', '/var/lib/swarmlambda', '/run', '/root']
const BLOCK_MS = 120_000

await main(async () => {
  if (COMMAND === EXECUTABLE) await access(EXECUTABLE).catch(() => Promise.reject(new Stop('Run first: npm run package -- --here')))
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-production-'))
  const machines = new Map()
  const bridge = await holder(folder, 'bridge')
  try {
    inside(bridge, 'ip link add br0 type bridge && ip link set br0 up')
    for (const [index, name] of HOSTS.entries()) machines.set(name, await machine(folder, name, `10.7.0.${index + 1}`, bridge))
    for (const { copies, host, text } of blocksOf(await readFile(at('docs/production.md'), 'utf8'))) {
      if (copies) await copy(machines.get(HOSTS[0]), machines.get(host))
      say(host, text.split('\n')[0])
      const started = spawnSync('nsenter', [...into(machines.get(host)), 'bash', '-euo', 'pipefail', '-c', text], { env: machines.get(host).env, encoding: 'utf8', timeout: BLOCK_MS })
      if (started.status !== 0) {
        const log = await readFile(join(machines.get(host).folder, 'run/swarmlambda.log'), 'utf8').catch(() => '')
        throw new Stop(`${host} failed (${started.status}):\n${text}\n${started.stdout}${started.stderr}${log}`)
      }
      if (started.stdout.trim() !== '') say('', started.stdout.trim().split('\n').at(-1))
    }
    await seesAll(machines.get('edge-1'))
    say('done', green('every command of docs/production.md'))
  } finally {
    for (const { process: held } of [...machines.values(), bridge]) {
      held.kill('SIGKILL')
      await once(held, 'close')
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

/** Of the page: `sh host=NAME [copy]`. */
function blocksOf(page) {
  return [...page.matchAll(/```sh host=(\S+)( copy)?\n([\s\S]*?)```/g)].map(([, host, copies, text]) => ({ host, copies: copies !== undefined, text: text.trimEnd() }))
}

/** A process in namespaces of its own, which end with it, and all that runs in them. Its shell reaps what is left to it. */
async function holder(folder, name) {
  const held = spawn('unshare', ['--net', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', 'ip link set lo up; echo up; while :; do sleep 0.5; done'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(held.stdout, 'data')
  const [pid] = spawnSync('pgrep', ['-P', String(held.pid)], { encoding: 'utf8' }).stdout.split('\n')
  return { process: held, pid, name, folder: join(folder, name), env: process.env }
}

async function machine(folder, name, address, bridge) {
  const held = await holder(folder, name)
  const link = `v${address.split('.').at(-1)}`
  spawnSync('ip', ['link', 'add', link, 'netns', bridge.pid, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', held.pid])
  inside(bridge, `ip link set ${link} master br0 up`)
  inside(held, `ip addr add ${address}/24 dev eth0 && ip link set eth0 up && ip route add default dev eth0`)
  for (const path of OWN) {
    const own = join(held.folder, path)
    await mkdir(own, { recursive: true })
    await mkdir(path, { recursive: true })
    inside(held, `mount --bind ${own} ${path}`)
  }
  const bin = join(held.folder, 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'swarmlambda'), `#!/bin/sh\nexec ${COMMAND} "$@"\n`, { mode: 0o755 })
  await writeFile(join(bin, 'systemctl'), await readFile(at('scripts/production/systemctl.sh')), { mode: 0o755 })
  return { ...held, address, env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: '/root', CACHE_DIRECTORY: join(folder, 'cache') } }
}

function into({ pid }) {
  return ['--target', pid, '--net', '--mount', '--pid', '--']
}

function inside(held, command) {
  const { status, stderr } = spawnSync('nsenter', [...into(held), 'sh', '-c', command], { encoding: 'utf8' })
  if (status !== 0) throw new Stop(`${held.name}: ${command}: ${stderr}`)
}

async function copy(from, to) {
  const { status, stderr } = spawnSync('cp', ['-a', `${from.folder}/etc/swarmlambda/.`, `${to.folder}/etc/swarmlambda/`], { encoding: 'utf8' })
  if (status !== 0) throw new Stop(stderr)
}

/** In the end all three are one mesh, the restored edge too. */
async function seesAll(host) {
  const wanted = `until curl -fsS -k -H 'host: fn.example.org' https://${host.address}/cluster | grep -o '"state":"up"' | wc -l | grep -qx 3; do sleep 0.2; done`
  const { status } = spawnSync('nsenter', [...into(host), 'bash', '-c', wanted], { env: host.env, timeout: BLOCK_MS })
  if (status !== 0) throw new Stop('the three edges are not one mesh in the end')
}
