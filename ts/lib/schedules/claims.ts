// Which edge executes a slot of a schedule, when several think that it is theirs: while edges come and go, each sees another mesh.
//
// Every edge has one vote for each slot, and gives it to whoever asks first. The edge with the most votes of those it can
// reach notes that it fired the slot, tells the others, and executes it once they know. A vote for an edge that is gone is
// void unless the slot is known as fired, so that another can take over. Edges that cannot reach each other cannot agree:
// then each part of the mesh fires the slot once.
import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { z } from 'zod'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'
import type { Mesh, Peer } from '../p2p/types.js'
import { openSpool } from '../queue/spool.js'

export interface Slot {
  /** Of the schedule. */
  name: string
  /** Milliseconds since the epoch. */
  slot: number
}

export interface ClaimsOptions {
  /** Made when it isn't there. */
  folder: string
  mesh: Pick<Mesh, 'id' | 'peers' | 'events' | 'handle' | 'broadcast'>
  log: Log
}

export interface Claims extends Disposable {
  readonly events: EventEmitter<{ fired: [mark: Mark] }>
  /** Resolves when a peer said what was fired, or none came within a few seconds. */
  readonly settled: Promise<void>
  /** The newest slot of a schedule that was fired, by whichever edge. */
  last(name: string): Mark | null
  /** Whether this edge is to execute the slot. If so, the others know; asked again, the answer is the same. */
  claim(slot: Slot): Promise<boolean>
}

const markSchema = z.object({
  name: z.string().regex(/^[\w-]{1,64}$/),
  slot: z.number(),
  /** Who fired it: an edge's id. */
  edge: z.string().max(128),
})
export type Mark = z.infer<typeof markSchema>

/** What is on disk: the newest mark, and the newest slot that this edge fired itself. */
const storedSchema = markSchema.extend({ own: z.number().nullable() })

/** A message between peers is at most 1 MB. */
const MAX_MARKS = 5_000
const messageSchema = z.object({ marks: z.array(markSchema).max(MAX_MARKS), /** The sender wants ours. */ ask: z.boolean() })
const askSchema = z.object({ do: z.enum(['vote', 'fired']), name: markSchema.shape.name, slot: z.number() })
const voteSchema = z.object({ edge: z.string().max(128), fired: z.boolean() })
type Vote = z.infer<typeof voteSchema>

const TOPIC = 'schedules/fired'
const METHOD = 'schedules'
const PEER_TIMEOUT_MS = 3_000
/** An edge that started knows after this time that it is alone. */
const YOUNG_MS = 3_000

export async function openClaims({ folder, log, mesh }: ClaimsOptions): Promise<Claims> {
  const spool = await openSpool(folder, (value) => storedSchema.safeParse(value).data ?? null, log)
  const stored = await spool.all()
  const marks = new Map(stored.map(({ edge, name, slot }): [string, Mark] => [name, { name, slot, edge }]))
  const own = new Map(stored.map(({ name, own: slot }) => [name, slot]))
  const votes = new Map<string, Mark>()
  const events = new EventEmitter<{ fired: [mark: Mark] }>()
  let settle = (): void => undefined
  const settled = new Promise<void>((resolve) => {
    settle = resolve
  })
  const young = setTimeout(settle, YOUNG_MS)

  /** Resolves when it is on disk. */
  const note = async (mark: Mark): Promise<void> => {
    const before = marks.get(mark.name)
    if ((before && before.slot >= mark.slot) || (!before && marks.size >= MAX_MARKS)) return
    marks.set(mark.name, mark)
    if (mark.edge === mesh.id) own.set(mark.name, mark.slot)
    events.emit('fired', mark)
    await spool.write(mark.name, { ...mark, own: own.get(mark.name) ?? null })
  }
  const noteAll = (all: readonly Mark[]): void => {
    for (const mark of all) note(mark).catch((error: unknown) => log.error('a fired slot was not written down', { ...mark, error: messageOf(error) }))
  }

  const isThere = (edge: string): boolean => edge === mesh.id || mesh.peers().some(({ id }) => id === edge)
  /** This edge's vote. */
  const vote = ({ name, slot }: Slot, candidate: string): Vote => {
    const mark = marks.get(name)
    if (mark && mark.slot >= slot) return { edge: mark.slot === slot ? mark.edge : '', fired: true }
    const given = votes.get(name)
    if (given?.slot === slot && isThere(given.edge)) return { edge: given.edge, fired: false }
    votes.set(name, { name, slot, edge: candidate })
    return { edge: candidate, fired: false }
  }

  mesh.handle(METHOD, async (frame, { peer }) => {
    const { do: what, name, slot } = askSchema.parse(JSON.parse(frame.toString()))
    if (what === 'fired') await note({ name, slot, edge: peer.id })
    return Buffer.from(JSON.stringify(vote({ name, slot }, peer.id)))
  })
  const askAll = async (what: 'vote' | 'fired', slot: Slot): Promise<Vote[]> => {
    const frame = Buffer.from(JSON.stringify({ do: what, ...slot }))
    const answers = await Promise.all(
      mesh.peers().map(async (peer) => {
        try {
          return voteSchema.parse(JSON.parse((await peer.request(METHOD, frame, { timeoutMs: PEER_TIMEOUT_MS })).toString()))
        } catch (error) {
          log.warn('a peer did not answer about a schedule', { peer: peer.name, ...slot, error: messageOf(error) })
          return null
        }
      }),
    )
    return answers.filter((answer) => answer !== null)
  }

  const message = (ask: boolean): z.infer<typeof messageSchema> => ({ marks: [...marks.values()], ask })
  const onPeer = (peer: Peer): void => peer.send(TOPIC, message(false))
  const onMessage = (peer: Peer, topic: string, payload: unknown): void => {
    const heard = topic === TOPIC ? messageSchema.safeParse(payload).data : undefined
    if (!heard) return
    noteAll(heard.marks)
    settle()
    if (heard.ask) peer.send(TOPIC, message(false))
  }
  mesh.events.on('peer', onPeer).on('message', onMessage)
  // Peers from before this was open.
  mesh.broadcast(TOPIC, message(true))

  return {
    events,
    settled,
    last: (name) => marks.get(name) ?? null,
    async claim(slot) {
      await settled
      if (own.get(slot.name) === slot.slot) return true
      const all = [vote(slot, mesh.id), ...(await askAll('vote', slot))]
      const fired = all.find((one) => one.fired)
      if (fired) {
        if (fired.edge !== '') await note({ ...slot, edge: fired.edge })
        return false
      }
      if (winnerOf(slot, all.map(({ edge }) => edge)) !== mesh.id) return false
      await note({ ...slot, edge: mesh.id })
      await askAll('fired', slot)
      return true
    },
    [Symbol.dispose]() {
      clearTimeout(young)
      settle()
      mesh.events.off('peer', onPeer).off('message', onMessage)
    },
  }
}

/** The edge whose turn a slot is: another one each time, and all edges with the same candidates say the same. */
export const ownerOf = (slot: Slot, edges: readonly string[]): string | undefined => [...edges].sort((a, b) => compare(weightOf(slot, b), weightOf(slot, a)))[0]

/** Most votes; of several such, whose turn it is. */
function winnerOf(slot: Slot, edges: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const edge of edges) counts.set(edge, (counts.get(edge) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return ownerOf(slot, [...counts].filter(([, count]) => count === most).map(([edge]) => edge))
}

/** Rendezvous hashing. */
const weightOf = ({ name, slot }: Slot, edge: string): string => createHash('sha256').update(`${name}\n${slot}\n${edge}`).digest('hex')
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
