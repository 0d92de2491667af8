// Ports: is one free, and if not, what to tell.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Stop } from './terminal.mjs'

const canBind = async (socket, bind) => {
  try {
    const listening = once(socket, 'listening')
    bind(socket)
    await listening
    return null
  } catch (error) {
    return error.code
  } finally {
    await new Promise((resolve) => {
      try {
        socket.close(resolve)
      } catch {
        resolve()
      }
    })
  }
}

/** Null, or the system's code of why nothing can listen there, such as EADDRINUSE. */
const tcpProblem = (port) => canBind(createServer(), (server) => server.listen({ port, host: '127.0.0.1' }))
const udpProblem = (port) => canBind(createSocket('udp4'), (socket) => socket.bind({ port, address: '127.0.0.1' }))

/** What listens there, when it is one of ours. */
const holder = async (port) => {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(1000) })
    const { edge } = await response.json()
    return typeof edge === 'string' ? ` (${edge} of SwarmLambda answers there: is it started already?)` : ''
  } catch {
    return ''
  }
}

/** Stops unless all are free; `ports` are `{ port, variable, what, udp }`. */
export const requirePorts = async (ports) => {
  for (const { port, variable, what, udp } of ports) {
    const code = (await tcpProblem(port)) ?? (udp ? await udpProblem(port) : null)
    if (code === null) continue
    const why = code === 'EADDRINUSE' ? `taken${await holder(port)}` : `not to be had (${code})`
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
