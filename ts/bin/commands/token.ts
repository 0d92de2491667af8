// swarmlambda token [days]: made from the cluster key, without asking an edge.
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { grantSchema, ROLES } from '../../lib/api/grants.js'
import { mintToken } from '../../lib/api/token.js'
import { deriveKeys, loadClusterKey } from '../../lib/cluster.js'
import { loadSettings, parseEdgeConfig } from '../../lib/config.js'
import { SwarmError } from '../../lib/errors.js'
import { withJson } from './edge-options.js'
import { openOutput } from './output.js'

const DEFAULT_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1_000

interface TokenOptions {
  role: string
  functions: string
  json?: boolean
}

export function add(program: Command): void {
  withJson(program.command('token').description('prints a token for control calls to edges that ask for one; reads SWARMLAMBDA_CLUSTER_KEY or the key file beside SWARMLAMBDA_STATE_DIR'))
    .argument('[days]', 'how long it is good', days, DEFAULT_DAYS)
    .addOption(new Option('--role <role>', 'what it allows').choices(ROLES).default('admin'))
    .option('--functions <patterns>', "the functions it is for, such as 'team-*,hello'", '*')
    .action(async (lasting: number, { functions, json, role }: TokenOptions) => {
      const { data: grant, error } = grantSchema.safeParse({ role, functions: functions.split(',') })
      if (error) throw new SwarmError('CONFIG_INVALID', error.issues.map(({ message, path }) => `--${String(path[0])} ${message}`).join('; '))
      const config = parseEdgeConfig((await loadSettings(process.env)).values)
      const keyFile = join(dirname(config.stateDir), 'cluster.key')
      // Reading would make a new key, which no edge has.
      if (config.clusterKey === null) await access(keyFile).catch(() => Promise.reject(noKey(keyFile)))
      const { control } = deriveKeys(await loadClusterKey(config))
      const expires = Date.now() + lasting * DAY_MS
      const token = mintToken(control, expires, grant)
      openOutput(json).show({ token, expires: new Date(expires).toISOString(), ...grant }, () => token)
    })
}

function days(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a number of days.')
  return Number(text)
}

const noKey = (keyFile: string): SwarmError =>
  new SwarmError('CONFIG_INVALID', `there is no cluster key in ${keyFile}: start an edge first, or set SWARMLAMBDA_CLUSTER_KEY`)
