// `node scripts/production/anycast.mjs`: the recipe of ops/anycast in network namespaces. Two sites announce one address to a router by
// BGP; a client behind the router is served by the nearer one, by the other while that one drains, again by the first, and by the other
// when the first dies. Needs root, ip, nft, curl and BIRD 2.
import { spawn, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at } from '../lib/paths.mjs'
import { green, main, say, Stop } from '../lib/terminal.mjs'

const ADDRESS = '192.0.2.53'
const SITES = [
  { name: 'site-1', region: 'eu-central-fra', link: '10.9.1', as: 65_001, preference: 200 },
  { name: 'site-2', region: 'us-east-iad', link: '10.9.2', as: 65_002, preference: 100 },
]
const TAG = `sl${process.pid % 10_000}`
const WITHIN_MS = 90_000
const KEY = '5a'.repeat(32)

const run = (command, args) => spawnSync(command, args, { encoding: 'utf8' })
const sh = (text) => {
  const { status, stderr } = run('sh', ['-ec', text])
  if (status !== 0) throw new Stop(`${text}: ${stderr}`)
}
const namespace = (name) => `${TAG}-${name}`
const inside = (name, ...command) => ['netns', 'exec', namespace(name), ...command]

await main(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'swarmlambda-anycast-'))
  const names = ['router', 'client', ...SITES.map(({ name }) => name)]
  const started = []
  const start = (name, command, env = {}) => {
    const child = spawn('ip', inside(name, ...command), { env: { ...process.env, ...env }, stdio: 'ignore', detached: true })
    started.push({ child, name })
    return child
  }
  const end = (name) => {
    for (const { child } of started.filter((one) => one.name === name)) {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
  }
  try {
    for (const name of names) sh(`ip netns add ${namespace(name)} && ip -n ${namespace(name)} link set lo up`)
    sh(`ip netns exec ${namespace('router')} sysctl -qw net.ipv4.ip_forward=1`)
    for (const [index, [name, link]] of [['client', '10.9.0'], ...SITES.map((site) => [site.name, site.link])].entries()) connect(name, link, index)
    await writeFile(join(folder, 'router.conf'), routerConfig())
    start('router', ['bird', '-f', '-c', join(folder, 'router.conf'), '-s', join(folder, 'router.ctl')])
    const template = await readFile(at('ops/anycast/bird.conf'), 'utf8')
    for (const { as, link, name, region } of SITES) {
      sh(`ip -n ${namespace(name)} addr add ${ADDRESS}/32 dev lo`)
      await writeFile(join(folder, `${name}.conf`), template.replaceAll('10.9.1.', `${link}.`).replaceAll('65001', as))
      start(name, ['bird', '-f', '-c', join(folder, `${name}.conf`), '-s', join(folder, `${name}.ctl`)])
      start(name, [at('ops/anycast/anycast-health'), `http://${link}.1:8787`, join(folder, `${name}.ctl`)])
      await mkdir(join(folder, name))
      start(name, [process.execPath, at('bin/edge.js')], {
        SWARMLAMBDA_NODE_NAME: name,
        SWARMLAMBDA_REGION: region,
        SWARMLAMBDA_CLUSTER_KEY: KEY,
        SWARMLAMBDA_HTTP_HOST: '0.0.0.0',
        SWARMLAMBDA_PUBLIC_ADDRESS: `${link}.1`,
        SWARMLAMBDA_STATE_DIR: join(folder, name, 'edge'),
        SWARMLAMBDA_PEERS: SITES.map((site) => `${site.link}.1:47800`).join(),
        SWARMLAMBDA_BOOTSTRAP: 'none',
      })
    }
    await servedBy('site-1')
    say('anycast', `${ADDRESS} is served by site-1, the nearer one`)
    control('site-1', 'drain')
    say('anycast', `site-1 drains: site-2 serves after ${await servedBy('site-2')} ms`)
    control('site-1', 'undrain')
    await servedBy('site-1')
    // Without a word, as when the power fails: not even the kernel closes its connections.
    sh(`ip netns exec ${namespace('site-1')} nft 'add table inet dead; add chain inet dead out { type filter hook output priority 0; policy drop; }'`)
    end('site-1')
    say('anycast', `site-1 dies: site-2 serves after ${await servedBy('site-2')} ms`)
    say('anycast', green('the client moved'))
  } finally {
    for (const name of names) end(name)
    for (const name of names) run('ip', ['netns', 'del', namespace(name)])
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

/** A link from the router (.254) to a machine (.1), which sends everything that way. */
function connect(name, link, index) {
  const [here, there] = [namespace('router'), namespace(name)]
  sh(`ip link add r${index} netns ${here} type veth peer name eth0 netns ${there}
    ip -n ${here} addr add ${link}.254/24 dev r${index}
    ip -n ${here} link set r${index} up
    ip -n ${there} addr add ${link}.1/24 dev eth0
    ip -n ${there} link set eth0 up
    ip -n ${there} route add default via ${link}.254`)
}

function routerConfig() {
  const sessions = SITES.map(({ as, link, name, preference }) => `protocol bgp ${name.replace('-', '_')} {
  local ${link}.254 as 65000; neighbor ${link}.1 as ${as}; hold time 3; keepalive time 1; connect retry time 1; error wait time 1, 2;
  ipv4 { import filter { bgp_local_pref = ${preference}; accept; }; export none; };
}`)
  return `router id 10.9.0.254;\nprotocol device { }\nprotocol kernel { ipv4 { import none; export all; }; }\n${sessions.join('\n')}\n`
}

/** Resolves when the client's request is answered there: with the milliseconds that took. */
async function servedBy(name) {
  const began = performance.now()
  for (;;) {
    const { stdout } = run('ip', inside('client', 'curl', '-s', '--max-time', '1', `http://${ADDRESS}:8787/healthz`))
    if (stdout.includes(`"edge":"${name}"`) && stdout.includes('"ready":true')) return Math.round(performance.now() - began)
    if (performance.now() - began > WITHIN_MS) throw new Stop(`${ADDRESS} is not served by ${name}: ${stdout}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function control(name, command) {
  const env = { ...process.env, SWARMLAMBDA_CLUSTER_KEY: KEY }
  const { stdout: token } = spawnSync(process.execPath, [at('bin/swarmlambda.js'), 'token'], { encoding: 'utf8', env })
  const { link } = SITES.find((site) => site.name === name)
  const { stderr, status } = run('ip', inside(name, 'curl', '-fsS', '-X', 'POST', '-H', `authorization: Bearer ${token.trim()}`, '-H', 'content-type: application/json', '-d', '{}', `http://${link}.1:8787/${command}`))
  if (status !== 0) throw new Stop(`${command} of ${name}: ${stderr}`)
}
