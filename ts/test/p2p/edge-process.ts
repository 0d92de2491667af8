// An edge as a process: options in its argument, commands and reports over IPC. Not a test.

import { openTestEdge, put } from './harness.js'

export type Command =
  { type: 'publish'; name: string; text: string } | { type: 'remove'; name: string } | { type: 'stop' }

export type Report = { at: number } & (
  | { type: 'ready'; id: string; tookMs: number }
  | { type: 'peer'; name: string }
  | { type: 'lost'; name: string; reason: string }
  | { type: 'change'; name: string; revisionId: string }
  | { type: 'published'; name: string; text: string; revisionId: string }
)

type Body = Report extends infer R ? (R extends { at: number } ? Omit<R, 'at'> : never) : never

const main = async (argument: string): Promise<void> => {
  const options = JSON.parse(argument) as {
    clusterKey: string
    name: string
    stateDir: string
    beaconPorts: number[]
    mdns?: boolean
  }
  const report = (body: Body): void => {
    process.send?.({ at: Date.now(), ...body })
  }
  const startedAt = performance.now()
  const edge = await openTestEdge({ ...options, clusterKey: Buffer.from(options.clusterKey, 'hex') })
  const { mesh, registry } = edge
  mesh.events.on('peer', (peer) => {
    report({ type: 'peer', name: peer.name })
  })
  mesh.events.on('lost', (peer, reason) => {
    report({ type: 'lost', name: peer.name, reason })
  })
  registry.events.on('change', ({ name, revisionId }) => {
    report({ type: 'change', name, revisionId })
  })
  const obey = async (command: Command): Promise<void> => {
    if (command.type === 'stop') {
      await edge[Symbol.asyncDispose]()
      process.disconnect()
    } else if (command.type === 'remove') {
      await registry.publish({ type: 'delete', name: command.name })
    } else {
      const { name, text } = command
      const { revisionId } = await registry.publish(put(name, text))
      report({ type: 'published', name, text, revisionId })
    }
  }
  process.on('message', (command) => {
    void obey(command as Command)
  })
  report({ type: 'ready', id: mesh.id, tookMs: performance.now() - startedAt })
  // Connected before we listened.
  for (const peer of mesh.peers()) report({ type: 'peer', name: peer.name })
}

const argument = process.argv[2]
if (argument !== undefined && process.send !== undefined) await main(argument)
