// What an address means: this machine only, every interface, or one that others can reach.
import { createServer, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Whether an address or name means this machine only. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** `http://host:port` for others: an address of this machine where the gateway is bound to all of them. */
export function urlOf(host: string, port: number): string {
  const name = isWildcard(host) ? (anyAddress() ?? host) : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
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
