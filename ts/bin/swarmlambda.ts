// bin/swarmlambda.js: the programs as commands of one, and `token`.
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mintToken } from '../lib/api/token.js'
import { run } from '../lib/cli.js'
import { deriveKeys, loadClusterKey } from '../lib/cluster.js'
import { EDGE_VARIABLES, parseEdgeConfig } from '../lib/config.js'
import { SwarmError } from '../lib/errors.js'
import { VERSION } from '../lib/version.js'

const HELP = `Usage: swarmlambda <command> [--help] [--version]

Commands:
  edge             runs an edge
  proxy            runs the proxy in front of the edges
  dns              runs the DNS server for lambda.mesh
  token [days]     prints a token for control calls to edges that are not bound to loopback (default: 30 days)

"swarmlambda <command> --help" lists a command's environment variables.
`
const DEFAULT_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1_000

/** Each of these programs reads its own arguments, so the command is taken away first. */
const PROGRAMS: Record<string, () => Promise<unknown>> = {
  edge: () => import('./edge.js'),
  proxy: () => import('./proxy.js'),
  dns: () => import('./dns.js'),
}

function fail(message: string): void {
  process.stderr.write(`swarmlambda: ${message}\n`)
  process.exitCode = 1
}

async function token(argv: readonly string[]): Promise<void> {
  const [first = String(DEFAULT_DAYS)] = argv
  const isNumber = /^\d{1,4}$/.test(first)
  await run(
    {
      name: 'swarmlambda',
      about: 'token [days]: prints a token for control calls, valid that many days.',
      variables: EDGE_VARIABLES,
      async main({ env }) {
        const config = parseEdgeConfig(env)
        const keyFile = join(dirname(config.stateDir), 'cluster.key')
        // Reading would make a new key, which no edge has.
        if (config.clusterKey === null) await access(keyFile).catch(() => Promise.reject(noKey(keyFile)))
        const { control } = deriveKeys(await loadClusterKey(config))
        process.stdout.write(`${mintToken(control, Date.now() + Number(first) * DAY_MS)}\n`)
      },
    },
    isNumber ? argv.slice(1) : argv,
    process.env,
  )
}

const noKey = (keyFile: string): SwarmError =>
  new SwarmError('CONFIG_INVALID', `there is no cluster key in ${keyFile}: start an edge first, or set SWARMLAMBDA_CLUSTER_KEY`)

const [command, ...rest] = process.argv.slice(2)
const program = PROGRAMS[command ?? '']
if (command === undefined || command === '--help' || command === '-h' || command === 'help') process.stdout.write(HELP)
else if (command === '--version' || command === '-v') process.stdout.write(`SwarmLambda ${VERSION}\n`)
else if (command === 'token') await token(rest)
else if (program) {
  process.argv.splice(2, 1)
  await program()
} else fail(`unknown command ${JSON.stringify(command)}: see swarmlambda --help`)
