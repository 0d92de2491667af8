// swarmlambda status, top, drain, undrain, leave: the edges of the mesh.
import type { Command } from 'commander'
import type { Client } from '../../lib/client.js'
import type { ClusterSnapshot, EdgeSnapshot } from '../../lib/snapshot.js'
import { openSession, untilInterrupted, withEdge, type EdgeOptions } from './edge-options.js'
import { age, table, type Paint } from './output.js'

export const clusterOf = (client: Client, signal?: AbortSignal): Promise<ClusterSnapshot> => client.json<ClusterSnapshot>('GET', '/cluster', null, signal)

export function add(program: Command): void {
  withEdge(program.command('status').description('shows the mesh as an edge sees it'))
    .action(async (options: EdgeOptions) => {
      const { client, paint, show } = await openSession(options)
      const snapshot = await clusterOf(client)
      show(snapshot, () => statusText(snapshot, paint))
      if (snapshot.edges.some(({ state }) => state === 'down')) process.exitCode = 1
    })

  withEdge(program.command('top').description('shows the mesh and its functions, live; q or Ctrl-C ends it. Not on a terminal: one after the other'))
    .option('-n, --count <snapshots>', 'end after so many', (text) => Number(text))
    .action(async (options: EdgeOptions & { count?: number }) => {
      const { client, json, paint } = await openSession(options)
      const screen = process.stdout.isTTY && !json
      const stop = new AbortController()
      const signal = AbortSignal.any([untilInterrupted(), stop.signal])
      using _keys = screen ? quitKeys(() => stop.abort()) : null
      let shown = 0
      try {
        if (screen) process.stdout.write(ALTERNATE_SCREEN)
        for await (const { data, event } of client.events('/events', signal)) {
          if (event !== 'snapshot') continue
          const snapshot = JSON.parse(data) as ClusterSnapshot
          const text = json ? `${JSON.stringify(snapshot)}\n` : topText(snapshot, paint)
          process.stdout.write(screen ? `${HOME}${fitted(text)}` : text)
          shown += 1
          if (options.count !== undefined && shown >= options.count) break
        }
      } finally {
        if (screen) process.stdout.write(MAIN_SCREEN)
        stop.abort()
      }
    })

  for (const [command, done, description] of [
    ['drain', 'is draining: it finishes what runs, and proxies and peers go elsewhere', 'takes an edge out of service without stopping it'],
    ['undrain', 'serves again', 'puts a drained edge back into service'],
    ['leave', 'leaves: it finishes what runs and ends, and the others do not wait for it', 'takes an edge out of the mesh for good: drains it, stops it, and has the others forget it'],
  ] as const) {
    withEdge(program.command(command).description(description))
      .argument('<edge>', 'its name')
      .action(async (name: string, options: EdgeOptions) => {
        const { client, say, show } = await openSession(options)
        const answer = await client.json<{ state: string }>('POST', `/edges/${encodeURIComponent(name)}/${command}`, {})
        say(`${name} ${done}`)
        if (options.json) show({ edge: name, ...answer }, () => '')
      })
  }
}

const STATES: Record<EdgeSnapshot['state'], keyof Paint> = { up: 'green', draining: 'yellow', down: 'red' }
const SIGNS: Record<EdgeSnapshot['state'], string> = { up: '●', draining: '◐', down: '○' }

function edgeRows({ at, edges, links, self }: ClusterSnapshot, paint: Paint): string {
  const own = edges.find(({ name }) => name === self)?.id
  const rtt = (id: string): string => {
    const ms = links.find(({ from, to }) => from === own && to === id)?.rttMs
    return ms === null || ms === undefined ? '-' : `${ms.toFixed(1)} ms`
  }
  const rows = [...edges].sort((a, b) => (a.name < b.name ? -1 : 1)).map((edge) => [
    `${edge.name}${edge.name === self ? ' *' : ''}`,
    edge.region,
    paint[STATES[edge.state]](`${SIGNS[edge.state]} ${edge.state}`),
    edge.url,
    edge.name === self ? '' : rtt(edge.id),
    edge.requestsPerSecond.toFixed(1),
    edge.failuresPerSecond.toFixed(1),
    String(edge.inFlight),
    String(edge.functions),
    String(edge.registrySeq),
    `${edge.version} ${edge.arch}`,
    edge.state === 'down' ? `gone ${age(at - edge.lastSeenAt)}` : age(at - edge.startedAt),
  ])
  return table([['EDGE', 'REGION', 'STATE', 'URL', 'RTT', 'REQ/S', 'FAIL/S', 'IN FLIGHT', 'FUNCTIONS', 'SEQ', 'VERSION', 'UP'], ...rows])
}

function statusText(snapshot: ClusterSnapshot, paint: Paint): string {
  const { cluster, edges, functions, self } = snapshot
  const up = edges.filter(({ state }) => state === 'up').length
  return `${paint.bold(cluster)}: ${up} of ${edges.length} edges up, ${functions.length} function${functions.length === 1 ? '' : 's'}, seen from ${self} (*)\n\n${edgeRows(snapshot, paint)}`
}

function topText(snapshot: ClusterSnapshot, paint: Paint): string {
  const { at, functions } = snapshot
  const rows = functions.map(({ conflicts, edges, lastModified, memorySize, name, timeout }) => [name, `${edges.length}`, `${memorySize} MB`, `${timeout} s`, `${age(at - lastModified)} ago`, conflicts > 0 ? paint.yellow(String(conflicts)) : ''])
  const listed = rows.length === 0 ? '' : `\n${table([['FUNCTION', 'EDGES', 'MEMORY', 'TIME-OUT', 'MODIFIED', 'CONFLICTS'], ...rows])}`
  return `${new Date(at).toISOString()}  ${statusText(snapshot, paint)}${listed}\n`
}

const ALTERNATE_SCREEN = '\u001b[?1049h\u001b[?25l'
const MAIN_SCREEN = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H\u001b[J'

/** As many lines as the terminal has. */
const fitted = (text: string): string => text.split('\n').slice(0, (process.stdout.rows || 24) - 1).join('\n')

function quitKeys(quit: () => void): Disposable {
  if (!process.stdin.isTTY) return { [Symbol.dispose]: () => {} }
  const { stdin } = process
  stdin.setRawMode(true).resume()
  const onData = (keys: Buffer): void => {
    if (['q', '\u0003', '\u001b'].includes(keys.toString())) quit()
  }
  stdin.on('data', onData)
  return { [Symbol.dispose]: () => void stdin.off('data', onData).setRawMode(false).pause() }
}
