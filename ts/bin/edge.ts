// bin/edge.js: one edge, until it is told to stop.
import { run } from '../lib/cli.js'
import { changesOf, EDGE_VARIABLES, parseEdgeConfig, withReloaded } from '../lib/config.js'
import { createLog } from '../lib/log.js'
import { openService } from '../lib/service.js'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** What is opened once, when the edge is ready for the first time. */
const openServices = (): { open: (service: () => Disposable) => void } & Disposable => {
  let opened: Disposable | null = null
  return { open: (service) => void (opened ??= service()), [Symbol.dispose]: () => opened?.[Symbol.dispose]() }
}

// It sees to its own errors.
void run(
  {
    name: 'edge',
    about: 'Runs functions, answers HTTP, and keeps its copy of the registry. All edges with one cluster key form a mesh.',
    variables: EDGE_VARIABLES,
    async main({ env, onReload, signal }) {
      const config = parseEdgeConfig(env)
      let used = env
      // Loads native code, which --help and a mistake in the configuration don't need.
      const { keepEdge } = await import('../lib/edge-keeper.js')
      const { openNotify } = await import('../lib/native.js')
      const log = createLog(config.logLevel, { format: config.logFormat, context: { edge: config.nodeName } })
      const { NOTIFY_SOCKET: socket = null, WATCHDOG_USEC: watchdog } = process.env
      const notify = await openNotify()
      using services = openServices()
      await keepEdge({
        config,
        log,
        say,
        signal,
        onReady(edge) {
          onReload(async (next) => {
            const { now } = changesOf(config, used, next)
            // Until that restart, each time.
            const { later } = changesOf(config, env, next)
            const reloaded = withReloaded(config, parseEdgeConfig(next))
            await edge.reload(reloaded)
            log.setLevel(reloaded.logLevel)
            used = next
            log.info('the configuration was read again', { changed: now.join() || 'nothing' })
            if (later.length > 0) log.warn('some settings take effect at a restart', { settings: later.join() })
          })
          services.open(() => openService({ socket, watchdogUs: Number(watchdog) || null, notify, log }))
        },
      })
    },
  },
  process.argv.slice(2),
  process.env,
)
