// bin/edge.js: one edge, until it is told to stop.
import { run, untilStopped } from '../lib/cli.js'
import { EDGE_VARIABLES, parseEdgeConfig } from '../lib/config.js'
import { createLog } from '../lib/log.js'
import { openService } from '../lib/service.js'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

await run(
  {
    name: 'edge',
    about: 'Runs functions, answers HTTP, and keeps its copy of the registry. All edges with one cluster key form a mesh.',
    variables: EDGE_VARIABLES,
    async main({ env, onReload, signal }) {
      const config = parseEdgeConfig(env)
      // Loads native code, which --help and a mistake in the configuration don't need.
      const { openEdge } = await import('../lib/edge.js')
      const log = createLog(config.logLevel)
      await using edge = await openEdge({ config, log, say })
      say(`${config.nodeName} (${config.region}) is ready on ${edge.url}`)
      onReload(() => edge.reload())
      const { openNotify } = await import('../lib/native.js')
      const { NOTIFY_SOCKET: socket = null, WATCHDOG_USEC: watchdog } = process.env
      using _ = openService({ socket, watchdogUs: Number(watchdog) || null, notify: await openNotify(), log })
      await untilStopped(signal)
    },
  },
  process.argv.slice(2),
  process.env,
)
