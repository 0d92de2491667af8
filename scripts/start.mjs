// `npm start`: installs and builds what is needed, then three edges, the proxy and the DNS server on this machine, and a
// sample function deployed and invoked. Stays until Ctrl-C, which stops everything in order; a program that is killed
// meanwhile is started again after a while, so that its absence can be watched.
import { EDGES, deploy, invoke, startEdges, untilConnected, urlOf } from './lib/cluster.mjs'
import { Children } from './lib/children.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { portFrom, requirePorts } from './lib/ports.mjs'
import { build } from './lib/steps.mjs'
import { bold, dim, duration, green, main, red, say, Stop } from './lib/terminal.mjs'
import { requireNode } from './lib/tools.mjs'

const CONNECT_MS = 30_000
/** Long enough to see an edge turn red, and the mesh go on without it. */
const RESTART_MS = 15_000

const HELLO = `exports.handler = async (event) => ({
  message: \`Hello, \${event.name ?? 'world'}!\`,
  edge: process.env.SWARMLAMBDA_NODE_NAME,
  region: process.env.SWARMLAMBDA_REGION,
})
`

const settings = () => {
  const http = portFrom('SWARMLAMBDA_HTTP_PORT', 8787)
  const cluster = process.env.SWARMLAMBDA_CLUSTER_ID || 'local'
  return {
    edges: EDGES.map((_, i) => http + i),
    proxy: portFrom('SWARMLAMBDA_PROXY_PORT', 8790),
    dns: portFrom('SWARMLAMBDA_DNS_PORT', 8753),
    zone: process.env.SWARMLAMBDA_DNS_ZONE || 'lambda.mesh',
    // Of the cluster here: each edge has its own directory in it, beside the key they share.
    stateDir: process.env.SWARMLAMBDA_STATE_DIR || `.swarm-lambda/${cluster}`,
  }
}

const portsOf = ({ edges, proxy, dns }) => [
  ...edges.map((port, i) => ({
    port,
    what: EDGES[i].name,
    variable: i === 0 ? 'SWARMLAMBDA_HTTP_PORT' : `SWARMLAMBDA_HTTP_PORT (the first of three in a row, now ${edges[0]})`,
  })),
  { port: proxy, what: 'the proxy', variable: 'SWARMLAMBDA_PROXY_PORT' },
  { port: dns, what: 'the DNS server', variable: 'SWARMLAMBDA_DNS_PORT', udp: true },
]

const tour = ({ edges, proxy, dns, zone }, answer) => {
  const receipt = [...answer.headers].filter(([name]) => name.startsWith('x-swarm-') || name.startsWith('x-amz'))
  const post = (path, body) =>
    `curl -i -X POST ${urlOf(proxy)}${path} -H 'content-type: application/json' \\\n      -d '${body}'`
  return `
${bold('hello answered, through the proxy')}
  ${green(answer.text)}
${receipt.map(([name, value]) => dim(`  ${name}: ${value}`)).join('\n')}

${bold('ClusterFlow')}  ${urlOf(proxy)}/   ${dim('the mesh, live, in a browser')}
${EDGES.map(({ name, region }, i) => `${bold(name.padEnd(11))}  ${urlOf(edges[i])}/   ${dim(region)}`).join('\n')}
${bold('DNS')}          127.0.0.1:${dns}   ${dim(`dig @127.0.0.1 -p ${dns} ${zone}`)}

${bold('Try')}
  ${post('/2015-03-31/functions/hello/invocations', '{"name":"you"}')}
  ${post('/functions', '{"name":"twice","handler":"index.handler","files":{"index.js":"exports.handler = async (e) => e.n * 2"}}')}
  ${post('/2015-03-31/functions/twice/invocations', '{"n":21}')}

${dim('Ctrl-C stops everything.')}
`
}

await main(async () => {
  const started = performance.now()
  await requireNode()
  const config = settings()
  await ensureInstalled()
  await build()
  await requirePorts(portsOf(config))

  const stop = new AbortController()
  const ended = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(null))
    stop.signal.addEventListener('abort', () => resolve(stop.signal.reason))
  })
  let up = false
  const children = new Children({
    onExit(name, how, restart) {
      if (!up) return stop.abort(new Stop(`${name} ${how}; the rest is being stopped.`))
      say('lost', `${name} ${how}; the others go on. It is started again in ${duration(RESTART_MS)}.`)
      const again = async () => {
        if (children.stopping) return
        await restart().catch((error) => say('lost', red(error.message)))
      }
      setTimeout(() => void again(), RESTART_MS).unref()
    },
  })
  const bringUp = async () => {
    await startEdges(children, config.edges, config.stateDir)
    const edges = config.edges.map((port) => `127.0.0.1:${port}`).join(',')
    const region = { SWARMLAMBDA_EDGES: edges, SWARMLAMBDA_REGION: EDGES[0].region }
    await Promise.all([
      children.start('proxy', 'bin/proxy.js', { SWARMLAMBDA_PROXY_PORT: String(config.proxy), ...region }),
      children.start('dns', 'bin/dns.js', { SWARMLAMBDA_DNS_PORT: String(config.dns), ...region }),
      untilConnected(config.edges, CONNECT_MS, stop.signal),
    ])
    say('mesh', 'each edge sees the other two')
    const { edges: holders } = await deploy(urlOf(config.proxy), 'hello', HELLO)
    say('deploy', `hello is on ${holders.join(', ')}`)
    const answer = await invoke(urlOf(config.proxy), 'hello', { name: 'world' })
    if (answer.status !== 200) throw new Stop(`hello was answered ${answer.status}: ${answer.text}`)
    process.stdout.write(tour(config, answer))
    say('ready', dim(`in ${duration(performance.now() - started)}`))
    up = true
  }

  let problem = null
  try {
    const first = await Promise.race([bringUp().then(() => 'up'), ended])
    problem = first === 'up' ? await ended : first
  } catch (error) {
    problem = error
  }
  process.stdout.write('\n')
  say('stop', 'stopping …')
  await children.stop()
  if (problem !== null) {
    if (!(problem instanceof Stop)) throw problem
    process.stderr.write(`${red(problem.message)}\n`)
    return 1
  }
  say('stop', 'everything is stopped')
  return 0
})
