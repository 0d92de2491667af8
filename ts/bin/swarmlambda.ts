// bin/swarmlambda.js: the programs as commands of one, `token`, and what talks to an edge.
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { parseArgs } from 'node:util'
import { grantSchema, ROLES, type Grant } from '../lib/api/grants.js'
import { mintToken } from '../lib/api/token.js'
import { run } from '../lib/cli.js'
import { deriveKeys, loadClusterKey } from '../lib/cluster.js'
import { EDGE_VARIABLES, parseEdgeConfig } from '../lib/config.js'
import { SwarmError } from '../lib/errors.js'
import { VERSION } from '../lib/version.js'
import { addDeploy } from './commands/deploy.js'
import { addFunctions } from './commands/functions.js'
import { addKeys } from './commands/keys.js'
import { addInvoke } from './commands/invoke.js'

const DEFAULT_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1_000

const PROGRAMS: Record<string, [about: string, load: () => Promise<unknown>]> = {
  edge: ['runs an edge', () => import('./edge.js')],
  proxy: ['runs the proxy in front of the edges', () => import('./proxy.js')],
  dns: ['runs the DNS server for lambda.mesh', () => import('./dns.js')],
}

/** It has its own --help, which lists its environment variables. */
const own = (command: Command): Command => command.helpOption(false).allowUnknownOption().allowExcessArguments()

async function token(argv: readonly string[]): Promise<void> {
  const { tokens, values } = parseArgs({ args: [...argv], options: { role: { type: 'string' }, functions: { type: 'string' } }, strict: false, allowPositionals: true, tokens: true })
  const [first = String(DEFAULT_DAYS)] = tokens.filter(({ kind }) => kind === 'positional').map((token) => ('value' in token ? String(token.value) : ''))
  const isNumber = /^\d{1,4}$/.test(first)
  const others = tokens.flatMap((token) => (token.kind === 'option' && !['role', 'functions'].includes(token.name) ? [token.rawName] : token.kind === 'positional' && !isNumber ? [token.value] : []))
  await run(
    {
      name: 'swarmlambda',
      about: `token [days] [--role ${ROLES.join('|')}] [--functions 'team-*,hello']: prints a token for control calls, valid that many days. Default: an admin's.`,
      variables: EDGE_VARIABLES,
      async main({ env }) {
        const config = parseEdgeConfig(env)
        const keyFile = join(dirname(config.stateDir), 'cluster.key')
        // Reading would make a new key, which no edge has.
        if (config.clusterKey === null) await access(keyFile).catch(() => Promise.reject(noKey(keyFile)))
        const { control } = deriveKeys(await loadClusterKey(config))
        process.stdout.write(`${mintToken(control, Date.now() + Number(first) * DAY_MS, grantOf(values))}\n`)
      },
    },
    others,
    process.env,
  )
}

function grantOf({ functions, role }: Record<string, unknown>): Grant {
  const given = { role: role ?? 'admin', functions: typeof functions === 'string' ? functions.split(',') : ['*'] }
  const { data, error } = grantSchema.safeParse(given)
  if (data) return data
  throw new SwarmError('CONFIG_INVALID', error.issues.map(({ message, path }) => `--${String(path[0])} ${message}`).join('; '))
}

const noKey = (keyFile: string): SwarmError =>
  new SwarmError('CONFIG_INVALID', `there is no cluster key in ${keyFile}: start an edge first, or set SWARMLAMBDA_CLUSTER_KEY`)

const program = new Command('swarmlambda')
  .description('Runs JavaScript functions near their callers, on machines you own.')
  .version(`SwarmLambda ${VERSION}`, '-v, --version')
  .showHelpAfterError('See swarmlambda --help.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'swarmlambda: ')) })

addDeploy(program)
addInvoke(program)
addFunctions(program)
addKeys(program)
for (const [name, [about, load]] of Object.entries(PROGRAMS)) {
  // Each of these programs reads its own arguments, so the command is taken away first.
  own(program.command(name).description(about)).action(async () => {
    process.argv.splice(2, 1)
    await load()
  })
}
own(program.command('token').description('prints a token for control calls to edges that are not bound to loopback')).argument('[days]').action(() => token(process.argv.slice(3)))

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof SwarmError)) throw error
  process.stderr.write(`swarmlambda: ${error.message}\n`)
  process.exitCode = 1
}
