// swarmlambda doctor: what an edge needs of this machine, what of it is missing, and how to mend that.
import type { Command } from 'commander'
import { connect } from '../../lib/client.js'
import { checkMachine } from '../../lib/doctor/machine.js'
import { checkMesh } from '../../lib/doctor/mesh.js'
import { checkNetwork } from '../../lib/doctor/network.js'
import type { Finding } from '../../lib/doctor/finding.js'
import { CLI_VARIABLES, DNS_VARIABLES, EDGE_VARIABLES, parseDnsConfig, parseEdgeConfig, PROXY_VARIABLES, unknownVariables } from '../../lib/config.js'
import { messageOf } from '../../lib/errors.js'
import { withEdge, type EdgeOptions } from './edge-options.js'
import { openOutput, type Paint } from './output.js'

export function add(program: Command): void {
  withEdge(program.command('doctor').description('checks this machine, its network and the mesh, and says how to mend what is wrong; exit code 1 when something is'))
    .action(async (options: EdgeOptions) => {
      const { paint, show } = openOutput(options.json)
      const findings = [...configuration(), ...(await all(options))]
      show({ ok: findings.every(({ level }) => level !== 'bad'), findings }, () => findings.map((finding) => text(finding, paint)).join(''))
      if (findings.some(({ level }) => level === 'bad')) process.exitCode = 1
    })
}

async function all(options: EdgeOptions): Promise<Finding[]> {
  const env = process.env
  const config = attempt(() => parseEdgeConfig(env))
  const dns = attempt(() => parseDnsConfig({ ...env, SWARMLAMBDA_EDGES: env['SWARMLAMBDA_EDGES'] || '127.0.0.1:8787' }))
  const endpoint = options.endpoint ?? (env['SWARMLAMBDA_ENDPOINT'] || null)
  const client = await connect(endpoint, options.token ?? (env['SWARMLAMBDA_TOKEN'] || null)).catch(messageOf)
  const groups = await Promise.all([
    checkMachine(config?.stateDir ?? '.swarm-lambda'),
    checkNetwork({ httpPort: config?.httpPort ?? 8787, dnsPort: dns?.port ?? 8753, zone: dns?.zone ?? 'lambda.mesh' }),
    checkMesh(client, endpoint !== null),
  ])
  return groups.flat()
}

/** The variables as the programs would read them. */
function configuration(): Finding[] {
  const unknown = unknownVariables(Object.keys(process.env)).map((name): Finding => ({ check: 'variables', level: 'warn', found: `${name} is set but is no variable of SwarmLambda`, mend: 'unset it, or see "swarmlambda edge --help" for the names' }))
  try {
    parseEdgeConfig(process.env)
    const known = new Set([...CLI_VARIABLES, ...EDGE_VARIABLES, ...PROXY_VARIABLES, ...DNS_VARIABLES].map(({ name }) => name))
    const set = Object.keys(process.env).filter((name) => known.has(name))
    return [{ check: 'variables', level: 'ok', found: set.length === 0 ? 'none is set: the defaults hold' : `${set.join(', ')}` }, ...unknown]
  } catch (error) {
    return [{ check: 'variables', level: 'bad', found: messageOf(error), mend: 'change the variable, or unset it' }, ...unknown]
  }
}

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

const SIGNS = { ok: ['✓', 'green'], warn: ['!', 'yellow'], bad: ['✗', 'red'] } as const

function text({ check, found, level, mend }: Finding, paint: Paint): string {
  const [sign, colour] = SIGNS[level]
  return `${paint[colour](sign)} ${check.padEnd(14)} ${found}\n${mend === undefined ? '' : `${' '.repeat(17)}${paint.bold('→')} ${mend}\n`}`
}
