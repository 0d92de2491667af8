// swarmlambda edge, proxy, dns: the programs of bin/ as commands.
import type { Command } from 'commander'

const PROGRAMS: Record<string, [about: string, load: () => Promise<unknown>]> = {
  edge: ['runs an edge', () => import('../edge.js')],
  proxy: ['runs the proxy in front of the edges', () => import('../proxy.js')],
  dns: ['runs the DNS server for lambda.mesh', () => import('../dns.js')],
}

export function add(program: Command): void {
  for (const [name, [about, load]] of Object.entries(PROGRAMS)) {
    // It reads its own arguments, so the command is taken away first; its --help lists its environment variables.
    program.command(name).description(`${about}; --help lists its variables`).helpOption(false).allowUnknownOption().allowExcessArguments().action(async () => {
      process.argv.splice(2, 1)
      await load()
    })
  }
}
