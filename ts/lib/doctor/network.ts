// The network as an edge needs it: ports, UDP on loopback, multicast, and whether the system resolves the mesh's name.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { codeOf, messageOf } from '../errors.js'
import { edgeOn, portProblem } from '../dev/ports.js'
import type { Finding } from './finding.js'

export interface NetworkAsked {
  httpPort: number
  dnsPort: number
  zone: string
}

const BEACON_PORTS = Array.from({ length: 16 }, (_, i) => 47_800 + i)
const UDP_MS = 2_000
const RESOLVE_MS = 3_000

export async function checkNetwork({ dnsPort, httpPort, zone }: NetworkAsked): Promise<Finding[]> {
  return [await http(httpPort), await beacon(), await udp(), interfaces(), await name(zone, dnsPort)]
}

async function http(port: number): Promise<Finding> {
  if (port === 0) return { check: 'HTTP port', level: 'ok', found: 'any free one' }
  const problem = await portProblem(port)
  if (problem === null) return { check: 'HTTP port', level: 'ok', found: `${port} is free` }
  const edge = await edgeOn(port)
  if (edge !== null) return { check: 'HTTP port', level: 'ok', found: `${edge} serves on ${port}` }
  if (problem === 'EACCES') return { check: 'HTTP port', level: 'bad', found: `this user may not listen on ${port}`, mend: 'set SWARMLAMBDA_HTTP_PORT above 1023, or sysctl net.ipv4.ip_unprivileged_port_start' }
  return { check: 'HTTP port', level: 'bad', found: `${port} is taken by something that is no edge`, mend: `end it (ss -tlnp 'sport = :${port}' shows it), or set SWARMLAMBDA_HTTP_PORT` }
}

/** Edges of one machine find each other there. */
async function beacon(): Promise<Finding> {
  const free: number[] = []
  for (const port of BEACON_PORTS) if (await canBind(port)) free.push(port)
  return free.length > 0
    ? { check: 'beacon', level: 'ok', found: `UDP ${free[0]} is free (${BEACON_PORTS.length - free.length} of ${BEACON_PORTS.length} are in use)` }
    : { check: 'beacon', level: 'warn', found: 'UDP 47800 to 47815 are all taken: another edge here would not be heard', mend: 'end edges that are not needed any more' }
}

async function canBind(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    await once(socket.bind({ port, address: '127.0.0.1' }), 'listening')
    return true
  } catch {
    return false
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  }
}

/** Edges talk over UDP: a datagram must come back. */
async function udp(): Promise<Finding> {
  const socket = createSocket('udp4')
  try {
    await once(socket.bind({ port: 0, address: '127.0.0.1' }), 'listening')
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(UDP_MS) })
    socket.send('?', socket.address().port, '127.0.0.1')
    await heard
    return { check: 'UDP', level: 'ok', found: 'datagrams arrive on loopback' }
  } catch (error) {
    return { check: 'UDP', level: 'bad', found: `no datagram arrives on loopback (${messageOf(error)})`, mend: 'let UDP pass: edges speak nothing else to each other' }
  } finally {
    socket.close()
  }
}

function interfaces(): Finding {
  const addresses = Object.entries(networkInterfaces()).flatMap(([device, all = []]) => all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => `${address} (${device})`))
  return addresses.length > 0
    ? { check: 'interfaces', level: 'ok', found: addresses.join(', ') }
    : { check: 'interfaces', level: 'warn', found: 'only loopback: edges of other machines are out of reach', mend: 'connect a network' }
}

/** A convenience: everything works by address too. */
async function name(zone: string, port: number): Promise<Finding> {
  try {
    const { address } = await Promise.race([
      lookup(zone, { family: 4 }),
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no answer')), RESOLVE_MS).unref()),
    ])
    return { check: 'DNS', level: 'ok', found: `${zone} is ${address}` }
  } catch (error) {
    return { check: 'DNS', level: 'warn', found: `this system does not resolve ${zone} (${codeOf(error) ?? messageOf(error)})`, mend: `run "swarmlambda dns" and tell your resolver of port ${port}: docs/dns.md; or use addresses` }
  }
}
