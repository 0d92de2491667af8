// What the values of the environment variables may look like. Raw text in, the value a program uses out.

import { isIP } from 'node:net'
import { z } from 'zod'
import { isRegion, type Region } from '../regions.js'

/** `host` without the brackets of IPv6. */
export interface Endpoint {
  host: string
  port: number
}

/** `host:port`, or `[host]:port` for IPv6. */
export const formatEndpoint = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

const MAX_LIST = 64
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
/** A name of letters, digits, hyphens and dots; one that ends in a number is a mistyped IP address. */
const DNS_NAME = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)*(?!\\d+$)${LABEL}$`, 'i')

const isHost = (text: string): boolean => isIP(text) !== 0 || DNS_NAME.test(text)

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))

/** Up to ten waits. */
export const milliseconds = z
  .string()
  .regex(/^\d{1,9}(\s*,\s*\d{1,9}){0,9}$/)
  .transform(text => text.split(',').map(Number))

/** An IP address (IPv6 with or without brackets) or a host name. */
export const host = z
  .string()
  .transform(text => /^\[(.*)\]$/.exec(text)?.[1] ?? text)
  .pipe(z.string().refine(isHost))

/** One DNS label: it is part of a DNS name (`edge-a.lambda.mesh`) and of a header. */
export const nodeName = z.string().regex(new RegExp(`^${LABEL}$`))

/** A part of a path. */
export const clusterId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)

/** One key, or all that a key file holds after a rotation. */
export const clusterKey = z
  .string()
  .regex(/^\s*[0-9a-f]{64}(@\d{1,15})?(\s+([0-9a-f]{64}(@\d{1,15})?|retired:[0-9a-f]{16}:[0-9a-f]{64}))*\s*$/i)
  .transform(text => text.toLowerCase())

/** `name=latitude/longitude`, degrees. */
const ownRegion = z.string().transform((text, context): Region => {
  const [, name = '', north = '', east = ''] = /^([^=]+)=(-?\d{1,2}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)$/.exec(text) ?? []
  const [latitude, longitude] = [Number(north), Number(east)]
  if (!nodeName.safeParse(name).success || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) {
    context.addIssue('not name=latitude/longitude')
    return z.NEVER
  }
  return { name, latitude, longitude }
})

export const region = z.string().refine(isRegion)

export const path = z.string().refine(text => !text.includes('\0'))

/** A zone: lower case, without the dot at its end. Short enough for names under it. */
export const zone = z
  .string()
  .transform(text => text.toLowerCase().replace(/\.$/, ''))
  .pipe(z.string().max(180).regex(DNS_NAME))

const dnsName = z.string().transform((text) => text.toLowerCase().replace(/\.$/, '')).pipe(z.string().regex(DNS_NAME))

/** `name`, or `name=address` for one in the zone itself. */
const nameServer = z.string().transform((text, context): { name: string; address: string | null } => {
  const [name = '', address] = text.split('=')
  const parsed = dnsName.safeParse(name)
  if (!parsed.success || (address !== undefined && isIP(address) === 0)) {
    context.addIssue('not name=address')
    return z.NEVER
  }
  return { name: parsed.data, address: address ?? null }
})

const ENDPOINT = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+)):(?<port>\d{1,5})$/

const endpoint = z.string().transform((text, context): Endpoint => {
  const { v6, name, port } = ENDPOINT.exec(text)?.groups ?? {}
  const good = v6 !== undefined ? isIP(v6) === 6 : name !== undefined && isHost(name)
  if (!good || Number(port) < 1 || Number(port) > 65_535) {
    context.addIssue('not host:port')
    return z.NEVER
  }
  return { host: (v6 ?? name ?? '').toLowerCase(), port: Number(port) }
})

const list = <T>(item: z.ZodType<T, string>) =>
  z
    .string()
    .transform(text => text.split(',').map(part => part.trim()))
    .pipe(z.array(item).min(1).max(MAX_LIST))

/** `host:port,…`; the same endpoint twice counts once. */
export const endpoints = list(endpoint).transform(all =>
  all.filter((a, index) => all.findIndex(b => a.host === b.host && a.port === b.port) === index),
)

export const paths = list(path.min(1))

export const ownRegions = list(ownRegion)

export const nameServers = list(nameServer)

export const dnsNames = list(dnsName)

/** Names that a certificate may be for: also `*.name`. */
export const certificateNames = list(
  z.string().transform((text, context): string => {
    const parsed = dnsName.safeParse(text.replace(/^\*\./, ''))
    if (parsed.success) return text.startsWith('*.') ? `*.${parsed.data}` : parsed.data
    context.addIssue('not a name')
    return z.NEVER
  }),
)

export const email = z.email().max(254)

export const httpsUrl = z.url({ protocol: /^https$/ })

export const hosts = list(host).transform(all => all.map(name => name.toLowerCase()))

export const bootstrap = z.union([z.enum(['public', 'none']), endpoints])
