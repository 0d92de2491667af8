// `npm start`: installs and builds what is needed, then three edges, the proxy and the DNS server on this machine, and a
// sample function deployed and invoked. Stays until Ctrl-C, which stops everything in order; a program that is killed
// meanwhile is started again after a while, so that its absence can be watched.
import { deploy, invoke } from './lib/cluster.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { portFrom, requirePorts, urlOf } from './lib/ports.mjs'
import { build } from './lib/steps.mjs'
import { bold, cyan, dim, duration, green, main, red, say, Stop } from './lib/terminal.mjs'
import { requireNode } from './lib/tools.mjs'

/** Long enough to see an edge turn red, and the mesh go on without it. */
const RESTART_MS = 15_000

const HELLO = `exports.handler = async (event) => ({
  message: \`Hello, \${event.name ?? 'world'}!\`,
  edge: process.env.SWARMLAMBDA_NODE_NAME,
  region: process.env.SWARMLAMBDA_REGION,
})
`

const settings = (EDGES) => {
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

const portsOf = ({ edges, proxy, dns }, EDGES) => [
  ...edges.map((port, i) => ({
    port,
    what: EDGES[i].name,
    variable: i === 0 ? 'SWARMLAMBDA_HTTP_PORT' : `SWARMLAMBDA_HTTP_PORT (the first of three in a row, now ${edges[0]})`,
  })),
  { port: proxy, what: 'the proxy', variable: 'SWARMLAMBDA_PROXY_PORT' },
  { port: dns, what: 'the DNS server', variable: 'SWARMLAMBDA_DNS_PORT', udp: true },
]

const tour = ({ edges, proxy, dns, zone }, answer, EDGES) => {
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

${bold('Try')}   ${dim('swarmlambda is bin/swarmlambda.js: alias swarmlambda="$PWD/bin/swarmlambda.js"')}
  swarmlambda status
  swarmlambda init my-function && swarmlambda deploy my-function
  swarmlambda invoke my-function '{"name":"you"}' --log

${bold('Or with nothing but curl')}
  ${post('/2015-03-31/functions/hello/invocations', '{"name":"you"}')}
  ${post('/functions', '{"name":"twice","handler":"index.handler","files":{"index.js":"exports.handler = async (e) => e.n * 2"}}')}
  ${post('/2015-03-31/functions/twice/invocations', '{"n":21}')}

${dim('Ctrl-C stops everything.')}
`
}

await main(async () => {
  const started = performance.now()
  await requireNode()
  await ensureInstalled()
  await build()
  const { EDGES, openLocalMesh } = await import('../dist/lib/dev/local-mesh.js')
  const config = settings(EDGES)
  await requirePorts(portsOf(config, EDGES))

  const stop = new AbortController()
  const ended = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort(null))
    stop.signal.addEventListener('abort', () => resolve(stop.signal.reason))
  })
  let up = false
  let mesh = null
  const revive = async (name) => {
    if (mesh !== null) await mesh.revive(name).catch((error) => say('lost', red(error.message)))
  }
  const bringUp = async () => {
    mesh = await openLocalMesh({
      edges: EDGES.map((edge, i) => ({ ...edge, port: config.edges[i] })),
      stateDir: config.stateDir,
      proxyPort: config.proxy,
      dnsPort: config.dns,
      // What an edge does in good times is on the page; SWARMLAMBDA_LOG=info shows it here too.
      env: { ...process.env, SWARMLAMBDA_LOG: process.env.SWARMLAMBDA_LOG || 'warn' },
      onLine: (name, line, stream) => process.stdout.write(`${cyan(name.padEnd(8))} ${stream === 'stderr' ? dim(line) : line}\n`),
      onExit(name, how) {
        if (!up) return stop.abort(new Stop(`${name} ${how}; the rest is being stopped.`))
        say('lost', `${name} ${how}; the others go on. It is started again in ${duration(RESTART_MS)}.`)
        setTimeout(() => void revive(name), RESTART_MS).unref()
      },
      signal: stop.signal,
    })
    say('mesh', 'each edge sees the other two')
    const { edges: holders } = await deploy(mesh.url, 'hello', HELLO)
    say('deploy', `hello is on ${holders.join(', ')}`)
    const answer = await invoke(mesh.url, 'hello', { name: 'world' })
    if (answer.status !== 200) throw new Stop(`hello was answered ${answer.status}: ${answer.text}`)
    process.stdout.write(tour(config, answer, EDGES))
    say('ready', dim(`in ${duration(performance.now() - started)}`))
    up = true
  }

  let problem = null
  try {
    await bringUp()
    problem = await ended
  } catch (error) {
    problem = stop.signal.aborted ? stop.signal.reason : error
  }
  process.stdout.write('\n')
  say('stop', 'stopping …')
  await mesh?.[Symbol.asyncDispose]()
  if (problem !== null) {
    if (!(problem instanceof Stop) && problem.name !== 'SwarmError') throw problem
    process.stderr.write(`${red(problem.message)}\n`)
    return 1
  }
  say('stop', 'everything is stopped')
  return 0
})
