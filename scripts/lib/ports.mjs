// Ports: is one free, and if not, what to tell.
import { createServer } from 'node:net'
import { Stop } from './terminal.mjs'

/** Stops unless all are free; `ports` are `{ port, variable, what, udp }`. */
export const requirePorts = async (ports) => {
  const { edgeOn, portProblem } = await import('../../dist/lib/dev/ports.js')
  for (const { port, variable, what, udp } of ports) {
    const code = await portProblem(port, { udp })
    if (code === null) continue
    const edge = await edgeOn(port)
    if (edge !== null) throw new Stop(`Port ${port}, for ${what}, is taken by ${edge} of SwarmLambda: it is started already. Open http://127.0.0.1:${port}/, or end that one first, or set ${variable} to another port.`)
    const why = code === 'EADDRINUSE' ? 'taken' : `not to be had (${code})`
    throw new Stop(`Port ${port}, for ${what}, is ${why}. End what uses it, or set ${variable} to another port.`)
  }
}

/** The port a variable names, or `fallback`. */
export const portFrom = (variable, fallback) => {
  const text = process.env[variable]
  if (text === undefined || text === '') return fallback
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_532) {
    throw new Stop(`${variable}=${text} is not a port from 1 to 65532`)
  }
  return Number(text)
}

/** `count` different ports that nobody has, for programs that tell only people which one they took. */
export const freePorts = async (count) => {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export const urlOf = (port) => `http://127.0.0.1:${port}`
