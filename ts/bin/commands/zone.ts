// swarmlambda zone: what the zone above has to say of ours.
import type { Command } from 'commander'
import { loadSettings, parseDnsConfig } from '../../lib/config.js'
import { openSigner } from '../../lib/dns/signer.js'
import { withJson } from './edge-options.js'
import { openOutput } from './output.js'

export function add(program: Command): void {
  withJson(program.command('zone').description('prints the records with which the zone above delegates to the DNS server of the edges: NS, addresses, DS'))
    .argument('[file]', 'default: SWARMLAMBDA_CONFIG, else ./swarmlambda.toml, else /etc/swarmlambda/swarmlambda.toml')
    .action(async (file: string | undefined, { json }: { json?: boolean }) => {
      const output = openOutput(json)
      const { keyFile, nameServers, zone } = parseDnsConfig((await loadSettings(process.env, file ?? null)).values)
      if (nameServers.length === 0) output.say('dns.ns names no servers: the zone above needs their names and addresses')
      if (keyFile === null) output.say('dns.key names no key: answers are not signed, and there is no DS record')
      const records = [
        ...nameServers.map(({ name }) => `${zone}. NS ${name}.`),
        ...nameServers.flatMap(({ address, name }) => (address === null ? [] : [`${name}. ${address.includes(':') ? 'AAAA' : 'A'} ${address}`])),
        ...(keyFile === null ? [] : [`${zone}. DS ${(await openSigner(keyFile, zone)).delegation}`]),
      ]
      output.show(records, () => records.map((record) => `${record}\n`).join(''))
    })
}
