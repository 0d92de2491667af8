// Control calls about who belongs to the cluster: its keys, and edges that belong to it no more.
import { z } from 'zod'
import type { ControlResponse } from '../native.js'
import { json, type Request } from './requests.js'
import { check, parseJson } from './schemas.js'

export interface Membership {
  /** Names (ids) of the keys that are accepted, the current one first. */
  keyIds(): readonly string[]
  /** A new current key on every connected edge; the previous one stays accepted until {@link Membership.retire}. */
  rotate(): Promise<Told>
  /** The current key only, on every connected edge; whoever doesn't have it is no edge of this cluster any more. */
  retire(): Promise<Told>
  revocations(): Revocation[]
  /** For good: the edge (name or public key) is refused, its later records are ignored, and the key is rotated and retired. Or `NOT_FOUND`. */
  revoke(edge: string): Promise<Told & { revoked: Revocation }>
}

/** Which edges know, by name. */
export interface Told {
  keyIds: readonly string[]
  confirmed: string[]
  /** Connected, and did not answer: of an older version, or busy. */
  missing: string[]
}

export interface Revocation {
  /** Public key of the edge, hex. */
  id: string
  name: string
  /** ISO 8601. */
  revokedAt: string
}

export const revokeSchema = z.strictObject({ edge: z.string().min(1).max(128) })

type Answer = (request: Request) => Promise<ControlResponse> | ControlResponse

export const membershipRoutes = (membership: Membership): { path: RegExp; methods: Record<string, Answer> }[] => [
  { path: /^\/cluster\/keys$/, methods: { GET: () => json(200, { keyIds: membership.keyIds() }) } },
  { path: /^\/cluster\/keys\/rotate$/, methods: { POST: async () => json(200, await membership.rotate()) } },
  { path: /^\/cluster\/keys\/retire$/, methods: { POST: async () => json(200, await membership.retire()) } },
  {
    path: /^\/cluster\/revocations$/,
    methods: {
      GET: () => json(200, { revocations: membership.revocations() }),
      POST: async ({ body }) => json(200, await membership.revoke(check(revokeSchema, parseJson(body)).edge)),
    },
  },
]
