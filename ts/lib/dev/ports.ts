// Ports for programs that a person starts: is one free, who has it, and another one instead.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { codeOf } from '../errors.js'

const HOST = '127.0.0.1'
const ASK_MS = 1_000

/** Null: it is free. Or the system's code of why nothing can listen there, such as EADDRINUSE. */
export async function portProblem(port: number, { udp = false } = {}): Promise<string | null> {
  return (await tcpProblem(port)) ?? (udp ? await udpProblem(port) : null)
}

async function tcpProblem(port: number): Promise<string | null> {
  const server = createServer()
  try {
    await once(server.listen({ port, host: HOST }), 'listening')
    return null
  } catch (error) {
    return codeOf(error) ?? 'EADDRINUSE'
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

async function udpProblem(port: number): Promise<string | null> {
  const socket = createSocket('udp4')
  try {
    await once(socket.bind({ port, address: HOST }), 'listening')
    return null
  } catch (error) {
    return codeOf(error) ?? 'EADDRINUSE'
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  }
}

/** The name of the edge that answers there; null: nobody, or something else. */
export async function edgeOn(port: number): Promise<string | null> {
  try {
    const response = await fetch(`http://${HOST}:${port}/healthz`, { signal: AbortSignal.timeout(ASK_MS) })
    const { edge } = (await response.json()) as { edge?: unknown }
    return typeof edge === 'string' ? edge : null
  } catch {
    return null
  }
}
