// What certificate authorities ask for to see that a name is the mesh's: kept in the registry, so that any edge answers, by
// HTTP (RFC 8555 §8.3) or by DNS (§8.4), whichever edge ordered the certificate.
import { once } from 'node:events'
import { z } from 'zod'
import { messageOf } from '../errors.js'
import type { Log } from '../log.js'
import type { Mesh } from '../p2p/types.js'
import { isChallenge, keyOfChallenge } from '../registry/parts.js'
import { isItem } from '../registry/record.js'
import type { Registry } from '../registry/types.js'

const challengeSchema = z.object({
  type: z.enum(['http-01', 'dns-01']),
  /** Of the name without `*.`, in lower case. */
  name: z.string().max(253),
  /** The page's text, or the TXT record's. */
  text: z.string().max(512),
})
export type Challenge = z.infer<typeof challengeSchema>
export type ChallengeType = Challenge['type']

export interface Challenges {
  /** The page for a token, or null: nobody ordered anything with it. */
  page(token: string): string | null
  /** The texts of the TXT record of `_acme-challenge.<name>`. */
  texts(name: string): string[]
  /** Resolves when every edge that can be reached answers it. */
  put(token: string, challenge: Challenge): Promise<void>
  remove(token: string): Promise<void>
}

export interface ChallengesOptions {
  registry: Pick<Registry, 'allParts' | 'item' | 'put' | 'publish' | 'events'>
  mesh: Pick<Mesh, 'peers' | 'handle'>
  log: Log
}

const METHOD = 'acme/challenge'
/** Replication takes milliseconds; a peer that is later than this is asked by nobody either. */
const KNOWN_MS = 5_000
const TOKEN = /^[\w-]{1,128}$/

export function openChallenges({ log, mesh, registry }: ChallengesOptions): Challenges {
  const read = (token: string): Challenge | null => challengeSchema.safeParse(registry.item(keyOfChallenge(token))?.value).data ?? null

  mesh.handle(METHOD, async (frame) => {
    const token = frame.toString()
    const signal = AbortSignal.timeout(KNOWN_MS)
    while (TOKEN.test(token) && read(token) === null) await once(registry.events, 'part', { signal })
    return Buffer.alloc(0)
  })
  const told = async (token: string): Promise<void> => {
    await Promise.all(
      mesh.peers().map(async (peer) => {
        await peer.request(METHOD, Buffer.from(token), { timeoutMs: KNOWN_MS }).catch((error: unknown) => {
          log.warn('a peer does not answer for the certificate authority yet', { peer: peer.name, error: messageOf(error) })
        })
      }),
    )
  }

  return {
    page(token) {
      const challenge = TOKEN.test(token) ? read(token) : null
      return challenge?.type === 'http-01' ? challenge.text : null
    },
    texts: (name) =>
      registry.allParts().flatMap((part) => {
        if (!isChallenge(part.name) || !isItem(part)) return []
        const challenge = challengeSchema.safeParse(part.value).data
        return challenge?.type === 'dns-01' && challenge.name === name ? [challenge.text] : []
      }),
    async put(token, challenge) {
      await registry.put({ type: 'item', name: keyOfChallenge(token), value: challenge })
      await told(token)
    },
    async remove(token) {
      await registry.publish({ type: 'delete', name: keyOfChallenge(token) })
    },
  }
}
