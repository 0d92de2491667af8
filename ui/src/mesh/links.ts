// Links between edges: one for each pair, merged from both directions; those that went missing are kept as down. Pure.
import type { ClusterSnapshot, EdgeSnapshot, LinkKind, LinkSnapshot } from '../../../ts/lib/snapshot.ts'

/** A mesh larger than this remembers only some of its links. */
const MAX_SEEN = 1000

export interface Link {
  id: string
  /** Edge ids; `a` sorts before `b`. */
  a: string
  b: string
  /** The lower of what both ends measure, milliseconds. */
  rttMs: number | null
  up: boolean
  kind: LinkKind | null
  /** An end sends the other no invocations for a while. */
  setAside: boolean
  /** `by`: id of the edge that does it. */
  chaos: (NonNullable<LinkSnapshot['chaos']> & { by: string }) | null
}

export function linkId(a: string, b: string): string {
  return a < b ? `${a}~${b}` : `${b}~${a}`
}

/** A link is up when an end says so and neither end is down. */
export function mergeLinks(links: readonly LinkSnapshot[], edges: readonly EdgeSnapshot[]): Link[] {
  const byKey = new Map(edges.flatMap((edge) => [[edge.name, edge] as const]))
  for (const edge of edges) byKey.set(edge.id, edge)
  const merged = new Map<string, Link>()
  for (const link of links) {
    const from = byKey.get(link.from)
    const to = byKey.get(link.to)
    if (from === undefined || to === undefined || from.id === to.id) continue
    const id = linkId(from.id, to.id)
    const [a, b] = from.id < to.id ? [from.id, to.id] : [to.id, from.id]
    const before = merged.get(id)
    const alive = from.state !== 'down' && to.state !== 'down'
    const up = alive && (link.up || before?.up === true)
    merged.set(id, {
      id, a, b, up,
      rttMs: up ? lower(before?.rttMs ?? null, link.up ? link.rttMs : null) : null,
      // An edge of an older version does not tell these.
      kind: before?.kind ?? link.kind ?? null,
      setAside: before?.setAside === true || link.setAside === true,
      chaos: worse(before?.chaos ?? null, link.chaos ? { ...link.chaos, by: from.id } : null),
    })
  }
  return [...merged.values()]
}

/**
 * Links that a snapshot no longer tells of. Edges report the connections they have, so one that broke just stops
 * being told: from `seen` it is known, and an edge that is down has none to the edge that says so.
 */
export function lostLinks(snapshot: ClusterSnapshot, seen: ReadonlySet<string>): LinkSnapshot[] {
  const told = new Set(mergeLinks(snapshot.links, snapshot.edges).map((link) => link.id))
  const self = snapshot.edges.find((edge) => edge.name === snapshot.self)
  const lost = new Map<string, LinkSnapshot>()
  const add = (from: string, to: string): void => {
    const id = linkId(from, to)
    if (from !== to && !told.has(id)) lost.set(id, { from, to, rttMs: null, up: false, kind: null, setAside: false, chaos: null })
  }
  if (self) for (const edge of snapshot.edges) if (edge.state === 'down' || !edge.reachable) add(self.id, edge.id)
  const known = new Set(snapshot.edges.map((edge) => edge.id))
  for (const id of seen) {
    const [from = '', to = ''] = id.split('~')
    if (known.has(from) && known.has(to)) add(from, to)
  }
  return [...lost.values()]
}

/** `seen` and the links of `snapshot`, without those of edges that left; the most recent `MAX_SEEN`. */
export function remember(snapshot: ClusterSnapshot, seen: ReadonlySet<string>): ReadonlySet<string> {
  const known = new Set(snapshot.edges.map((edge) => edge.id))
  const kept = [...seen].filter((id) => id.split('~').every((edge) => known.has(edge)))
  const told = mergeLinks(snapshot.links, snapshot.edges).map((link) => link.id)
  return new Set([...new Set([...kept, ...told])].slice(-MAX_SEEN))
}

/** A link as one of its ends sees it. */
export interface Neighbour {
  link: Link
  /** Id and name of the other end. */
  peer: string
  name: string
}

/**
 * The links of an edge in order of name, so that no row moves under a pointer when a round trip or a state changes.
 * Of more than `most` those that tell something stay.
 */
export function neighboursOf(edge: string, links: readonly Link[], edges: readonly EdgeSnapshot[], most: number): Neighbour[] {
  const names = new Map(edges.map(({ id, name }) => [id, name]))
  const all = links.filter(({ a, b }) => a === edge || b === edge)
    .map((link) => ({ link, peer: link.a === edge ? link.b : link.a }))
    .map((each) => ({ ...each, name: names.get(each.peer) ?? '' }))
    .sort((one, other) => one.name < other.name ? -1 : 1)
  if (all.length <= most) return all
  const tells = ({ link }: Neighbour): boolean => !link.up || isStrained(link)
  const kept = new Set([...all.filter(tells), ...all.filter((each) => !tells(each))].slice(0, most))
  return all.filter((each) => kept.has(each))
}

/** Up, and worse than it should be. */
export const isStrained = ({ up, setAside, chaos }: Link): boolean => up && (setAside || (chaos !== null && !isDistance(chaos)))

/** What its packets cross, as a person would say it; null: not known, or there is none. */
export function linkKind({ up, kind, chaos }: Link): string | null {
  if (!up || kind === null) return null
  if (isDistance(chaos)) return 'simulated'
  return kind === 'lan' ? 'LAN' : kind
}

const isDistance = (chaos: Link['chaos']): boolean => chaos?.distance === true

function worse(a: Link['chaos'], b: Link['chaos']): Link['chaos'] {
  return a === null || (isDistance(a) && b !== null) ? b : a
}

/** How far it is, or what is wrong with it. */
export function linkText({ up, rttMs, setAside, chaos }: Link, duration: (ms: number) => string): string {
  if (!up) return chaos?.cut === true ? 'cut' : 'down'
  const rtt = rttMs === null ? 'no RTT yet' : duration(rttMs)
  return [rtt, setAside ? 'set aside' : '', chaos && chaos.delayMs > 0 && !isDistance(chaos) ? `slowed by ${chaos.delayMs} ms` : ''].filter((part) => part !== '').join(' · ')
}

function lower(a: number | null, b: number | null): number | null {
  if (a === null) return b
  return b === null ? a : Math.min(a, b)
}
