// bin/edge.js: one edge, until it is told to stop.
import { run } from '../lib/cli.js'
import { EDGE_VARIABLES, parseEdgeConfig } from '../lib/config.js'
import { createLog } from '../lib/log.js'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

await run(
  {
    name: 'edge',
    about: 'Runs functions, answers HTTP, and keeps its copy of the registry. All edges with one cluster key form a mesh.',
    variables: EDGE_VARIABLES,
    async main({ env, onReload, signal }) {
      const config = parseEdgeConfig(env)
      // Loads native code, which --help and a mistake in the configuration don't need.
      const { keepEdge } = await import('../lib/edge-keeper.js')
      await keepEdge({ config, log: createLog(config.logLevel), say, signal, onReload })
    },
  },
  process.argv.slice(2),
  process.env,
)
