// swarmlambda config check|example: what the file and the environment come to, and a file to begin with.
import type { Command } from 'commander'
import { checkCertificates } from '../../lib/certificates.js'
import { ALL_VARIABLES, loadSettings, parseDnsConfig, parseEdgeConfig, parseProxyConfig, unknownVariables, type Settings, type Variable } from '../../lib/config.js'
import { openSigner } from '../../lib/dns/signer.js'
import { withJson } from './edge-options.js'
import { openOutput, table } from './output.js'

export function add(program: Command): void {
  const config = program.command('config').description('the configuration of the programs: swarmlambda.toml and SWARMLAMBDA_* variables')
  withJson(config.command('check').description('says what would be used and where each value is from; fails for the first that is wrong'))
    .argument('[file]', 'default: SWARMLAMBDA_CONFIG, else ./swarmlambda.toml, else /etc/swarmlambda/swarmlambda.toml')
    .action(async (file: string | undefined, { json }: { json?: boolean }) => {
      const output = openOutput(json)
      for (const name of unknownVariables(Object.keys(process.env))) output.say(`${name} is set but no variable of SwarmLambda: it has no effect`)
      const settings = await loadSettings(process.env, file ?? null)
      const edge = parseEdgeConfig(settings.values)
      parseProxyConfig(settings.values)
      const { keyFile, zone } = parseDnsConfig(settings.values)
      if (keyFile !== null) await openSigner(keyFile, zone)
      await checkCertificates(edge.https?.certificates ?? [])
      const rows = ALL_VARIABLES.map((variable) => ({ key: variable.key, variable: variable.name, ...valueOf(variable, settings) }))
      output.say(settings.file === null ? 'no configuration file' : `configuration file: ${settings.file}`)
      output.show(rows, () => table([['SETTING', 'VALUE', 'FROM'], ...rows.map(({ from, key, value }) => [key, value, from])]))
    })
  config
    .command('example')
    .description('prints a swarmlambda.toml with every setting, its meaning and its default')
    .action(() => void process.stdout.write(example()))
}

function valueOf(variable: Variable, { places, values }: Settings): { value: string; from: string } {
  const from = places.get(variable.name)
  if (from === undefined) return { value: variable.unset, from: 'default' }
  const text = values[variable.name] ?? ''
  return { value: variable.secret ? `(${text.trim().length} characters, not shown)` : text.trim(), from }
}

/** Settings of one table stand together; all are comments. */
function example(): string {
  const open = ALL_VARIABLES.filter(({ secret }) => !secret)
  const sections = new Set(open.map(({ key }) => key.split('.').slice(0, -1).join('.')))
  const inSection = (section: string): string => {
    const settings = open.filter(({ key }) => key.split('.').slice(0, -1).join('.') === section)
    const lines = settings.map(({ about, allowed, key, unset }) => `# ${about}\n# Allowed: ${allowed}.\n# Default: ${unset}.\n# ${key.split('.').at(-1) ?? ''} =\n`)
    return `${section === '' ? '' : `[${section}]\n`}${lines.join('\n')}`
  }
  return `# swarmlambda.toml. A variable of the environment wins over its setting here; "swarmlambda config check" shows what is used.\n\n${[...sections].map(inSection).join('\n')}`
}
