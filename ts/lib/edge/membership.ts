// Keys that change while the cluster runs, and edges that are put out of it. A new key travels over connections that
// were proved with an accepted one; that an edge is revoked is a record like any other, so every edge learns it.
import { z } from 'zod'
import type { Membership, Revocation, Told } from '../api/membership.js'
import type { Keyring } from '../cluster.js'
import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Mesh, Peer } from '../p2p/types.js'
import { keyOfRevocation, revocationOf } from '../registry/parts.js'
import type { AnyRecord } from '../registry/record.js'
import { revocationSchema } from '../registry/revocations.js'
import type { Registry } from '../registry/types.js'

export interface MembershipOptions {
  keyring: Keyring
  mesh: Pick<Mesh, 'id' | 'peers' | 'events' | 'handle' | 'exclude' | 'disconnect'>
  registry: Pick<Registry, 'events' | 'allParts' | 'put' | 'logsOf'>
  log: Log
}

const METHOD = 'cluster/ring'
const TELL_TIMEOUT_MS = 5_000
const TELL_AGAIN_MS = 2_000
const TELL_AGAIN = 30

/** Who is revoked comes before the ring: nobody is to hand the new key to an edge that was put out. */
const newsSchema = z.looseObject({ revoked: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(10_000), ring: z.string().max(128 * 1_024) })
const answerSchema = z.looseObject({ keyIds: z.array(z.string()) })

export function openMembership({ keyring, log, mesh, registry }: MembershipOptions): Membership & Disposable {
  const revoked = new Set<string>()
  let closed = false
  const exclude = (id: string): void => {
    if (revoked.has(id)) return
    revoked.add(id)
    if (id === mesh.id) log.error('this edge was revoked: the others refuse it')
    else mesh.exclude(id)
  }
  const onPart = (part: AnyRecord): void => {
    const id = revocationOf(part.name)
    if (id !== null) exclude(id)
  }
  registry.allParts().forEach(onPart)
  registry.events.on('part', onPart)

  mesh.handle(METHOD, async (payload) => {
    const news = newsSchema.safeParse(parseJson(payload))
    if (!news.success) throw new SwarmError('INVALID_REQUEST', 'malformed news of keys')
    news.data.revoked.forEach(exclude)
    await keyring.merge(news.data.ring)
    return Buffer.from(JSON.stringify({ keyIds: keyring.ids() }))
  })

  const news = (): Buffer => Buffer.from(JSON.stringify({ revoked: [...revoked], ring: keyring.text() }))
  /** Whether the peer has our current key now. */
  const tell = async (peer: Peer): Promise<boolean> => {
    try {
      const answer = answerSchema.parse(JSON.parse((await peer.request(METHOD, news(), { timeoutMs: TELL_TIMEOUT_MS })).toString()))
      return answer.keyIds.includes(keyring.ids()[0] ?? '')
    } catch (error) {
      log.debug('a peer did not take the cluster keys', { peer: peer.name, reason: messageOf(error) })
      return false
    }
  }
  /** It may have been away during a rotation; and it may be connected before it listens. */
  const onPeer = (peer: Peer): void => {
    const again = async (left: number): Promise<void> => {
      if (closed || !mesh.peers().includes(peer) || (await tell(peer)) || left === 0) return
      setTimeout(() => void again(left - 1), TELL_AGAIN_MS).unref()
    }
    void again(TELL_AGAIN)
  }
  mesh.events.on('peer', onPeer)

  const tellAll = async (onMissing: (peer: Peer) => void = () => undefined): Promise<Told> => {
    const told = await Promise.all(mesh.peers().map(async (peer) => ({ peer, knows: await tell(peer) })))
    const missing = told.filter(({ knows }) => !knows).map(({ peer }) => peer)
    missing.forEach(onMissing)
    return { keyIds: keyring.ids(), confirmed: told.filter(({ knows }) => knows).map(({ peer }) => peer.name).sort(), missing: missing.map(({ name }) => name).sort() }
  }
  const rotate = async (): Promise<Told> => {
    await keyring.rotate()
    return tellAll()
  }
  const retire = async (): Promise<Told> => {
    await keyring.retire()
    // Whoever is connected by the old key and does not have the new one must not stay.
    return tellAll((peer) => mesh.disconnect(peer.id))
  }
  const idOf = (edge: string): { id: string; name: string } => {
    if (edge === mesh.id) throw new SwarmError('INVALID_PARAMETER', 'edge: this edge cannot revoke itself; ask another one')
    const found = mesh.peers().filter(({ id, name }) => id === edge || name === edge)
    const [peer, other] = found
    if (peer && other) throw new SwarmError('CONFLICT', `edge: there are ${found.length} of the name ${edge}: give the public key (id in GET /cluster)`)
    if (peer) return { id: peer.id, name: peer.name }
    if (/^[0-9a-f]{64}$/.test(edge)) return { id: edge, name: edge.slice(0, 8) }
    throw new SwarmError('NOT_FOUND', `no connected edge ${edge}: one that is away is revoked by its public key (id in GET /cluster)`)
  }

  return {
    keyIds: () => keyring.ids(),
    rotate,
    retire,
    revocations: () => registry.allParts().flatMap(describe),
    async revoke(edge) {
      const { id, name } = idOf(edge)
      const record = await registry.put({ type: 'item', name: keyOfRevocation(id), value: { name, logs: registry.logsOf(id) } })
      exclude(id)
      await rotate()
      const [revocation] = describe(record)
      if (!revocation) throw new SwarmError('INTERNAL', 'a revocation that cannot be read')
      return { revoked: revocation, ...(await retire()) }
    },
    [Symbol.dispose]() {
      closed = true
      registry.events.off('part', onPart)
      mesh.events.off('peer', onPeer)
    },
  }
}

function describe(part: AnyRecord): Revocation[] {
  const id = revocationOf(part.name)
  const value = revocationSchema.safeParse(part['value'])
  return id === null || !value.success ? [] : [{ id, name: value.data.name, revokedAt: new Date(part.createdAt).toISOString() }]
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}
