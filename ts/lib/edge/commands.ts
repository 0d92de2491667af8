// Commands to one edge, given on any: drain it, send it away for good, run an event on it, and in development make its links worse. The edge
// that is asked passes the command on; the one it is for decides whether it does it.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { check } from '../api/schemas.js'
import { SwarmError } from '../errors.js'
import type { Engine } from '../native.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { Chaos } from './chaos.js'
import type { Drain } from './drain.js'

export interface CommandsOptions {
  /** Name of this edge. */
  self: string
  mesh: Pick<Mesh, 'id' | 'peers' | 'handle'>
  engine: Pick<Engine, 'invoke'>
  drain: Pick<Drain, 'drain' | 'undrain'>
  chaos: Chaos
  /** Tells the peers, and stops this edge once the answer is out. */
  leave: () => void
  /** Loads a published version here. */
  want: (key: string) => Promise<boolean>
}

export interface Commands {
  /** `edge`: an id or a name, empty for this one. Or `NOT_FOUND`, and whatever the edge itself answers. */
  run(edge: string, command: string, body: unknown): Promise<unknown>
}

const METHOD = 'edge/command'
const TIMEOUT_MS = 20_000
/** As long as a function may run, and the way. */
const INVOKE_TIMEOUT_MS = 905_000

const messageSchema = z.object({ command: z.string().max(64), body: z.unknown() })
const invokeSchema = z.strictObject({
  function: z.string('must be a name').min(1).max(128),
  qualifier: z.string().min(1).max(128).nullable().default(null),
  /** JSON. */
  event: z.string('must be the event as text'),
})

export function openCommands({ chaos, drain, engine, leave, mesh, self, want }: CommandsOptions): Commands {
  const perform = async (command: string, body: unknown): Promise<unknown> => {
    switch (command) {
      case 'drain':
        await drain.drain()
        return { state: 'draining' }
      case 'undrain':
        await drain.undrain()
        return { state: 'up' }
      case 'leave':
        await drain.drain()
        leave()
        return { state: 'leaving' }
      case 'chaos':
        return chaos.perform(body)
      case 'invoke':
        return invoke(body)
      default:
        throw new SwarmError('NOT_FOUND', `no such command: ${command.slice(0, 64)}`)
    }
  }

  const invoke = async (body: unknown): Promise<unknown> => {
    const { event, function: name, qualifier } = check(invokeSchema, body)
    const key = qualifier === null ? name : `${name}:${qualifier}`
    if (qualifier !== null) await want(key)
    const outcome = await engine.invoke({ name: key, requestId: randomUUID(), payload: Buffer.from(event.trim() === '' ? '{}' : event), remainingMs: null, clientContext: null, origin: { via: 'invoke', from: null, traceparent: null, tracestate: null, record: true } })
    return { edge: self, class: outcome.class, ms: outcome.ms, result: outcome.payload.toString(), logs: outcome.logs.toString() }
  }

  mesh.handle(METHOD, async (frame) => {
    const { body, command } = check(messageSchema, JSON.parse(frame.toString()))
    return Buffer.from(JSON.stringify(await perform(command, body)))
  })

  const find = (edge: string): Peer => {
    const peer = mesh.peers().find(({ id, name }) => id === edge || name === edge)
    if (!peer) throw new SwarmError('NOT_FOUND', `no edge ${JSON.stringify(edge.slice(0, 100))} is connected to ${self}`)
    return peer
  }

  return {
    async run(edge, command, body) {
      if (edge === '' || edge === mesh.id || edge === self) return perform(command, body)
      const timeoutMs = command === 'invoke' ? INVOKE_TIMEOUT_MS : TIMEOUT_MS
      const answer = await find(edge).request(METHOD, Buffer.from(JSON.stringify({ command, body })), { timeoutMs })
      return JSON.parse(answer.toString()) as unknown
    },
  }
}
