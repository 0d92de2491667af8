// What an address means: this machine only, every interface, or one that others can reach.
import { BlockList, createServer, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Whether an address or name means this machine only. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** Whether an IPv4 address is of a private network (RFC 1918), link-local (RFC 3927) or behind a carrier's (RFC 6598). */
export const isPrivate = (host: string): boolean => isIP(host) === 4 && PRIVATE.check(host)

const PRIVATE = new BlockList()
for (const [network, prefix] of [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['169.254.0.0', 16], ['100.64.0.0', 10]] as const) PRIVATE.addSubnet(network, prefix)

/** Whether it is an address of this very machine, on whichever network. */
export const isOwn = (host: string): boolean =>
  isLoopback(host) || Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host))

/** `http://host:port` for others: an address of this machine where the gateway is bound to all of them. */
export function urlOf(host: string, port: number, scheme: 'http' | 'https' = 'http'): string {
  const name = isWildcard(host) ? (anyAddress() ?? host) : host
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

const anyAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/** Throws what listening there would throw, before anything else is opened. */
export async function tryListening(host: string, port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, resolve)
  })
  await new Promise((resolve) => server.close(resolve))
}
