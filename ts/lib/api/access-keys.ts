// Access keys, with which AWS's clients sign: kept in the registry, so that every edge knows them; their secrets are sealed.
import { randomBytes, randomInt } from 'node:crypto'
import { z } from 'zod'
import { SwarmError } from '../errors.js'
import type { Sealer } from '../registry/sealer.js'
import { accessKeyOf, keyOfAccessKey } from '../registry/parts.js'
import { isItem } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import { grantSchema, type Grant } from './grants.js'
import { check, parseJson } from './schemas.js'

export interface AccessKey extends Grant {
  accessKeyId: string
  /** ISO 8601. */
  createdAt: string
}

export interface AccessKeys {
  /** The secret is shown this once. */
  create(body: Buffer): Promise<AccessKey & { secretAccessKey: string }>
  list(): AccessKey[]
  /** Or `NOT_FOUND`. */
  remove(accessKeyId: string): Promise<void>
  /** Null: there is no such key, or its secret is of another cluster. */
  find(accessKeyId: string): { grant: Grant; secret: string } | null
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
export const createSchema = z.strictObject({ role: grantSchema.shape.role.default('deployer'), functions: grantSchema.shape.functions.default(['*']) })
const storedSchema = grantSchema.extend({ sealedSecret: z.string() })

export function openAccessKeys(registry: Pick<Registry, 'allParts' | 'item' | 'put' | 'publish'>, sealer: Sealer): AccessKeys {
  return {
    async create(body) {
      const grant = check(createSchema, body.length === 0 ? {} : parseJson(body))
      const accessKeyId = `AKIA${Array.from({ length: 16 }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`
      const secretAccessKey = randomBytes(30).toString('base64')
      const value = { ...grant, sealedSecret: sealer.seal(secretAccessKey) }
      const { createdAt } = await registry.put({ type: 'item', name: keyOfAccessKey(accessKeyId), value })
      return { accessKeyId, secretAccessKey, ...grant, createdAt: new Date(createdAt).toISOString() }
    },
    list: () =>
      registry.allParts().flatMap((part) => {
        const accessKeyId = accessKeyOf(part.name)
        const stored = isItem(part) ? storedSchema.safeParse(part.value).data : undefined
        return accessKeyId === null || !stored ? [] : [{ accessKeyId, role: stored.role, functions: stored.functions, createdAt: new Date(part.createdAt).toISOString() }]
      }),
    async remove(accessKeyId) {
      const name = keyOfAccessKey(accessKeyId)
      if (registry.item(name) === null) throw new SwarmError('NOT_FOUND', `no access key ${accessKeyId}`)
      await registry.publish({ type: 'delete', name })
    },
    find(accessKeyId) {
      const stored = storedSchema.safeParse(registry.item(keyOfAccessKey(accessKeyId))?.value).data
      const secret = stored && sealer.open(stored.sealedSecret)
      return !stored || typeof secret !== 'string' ? null : { grant: { role: stored.role, functions: stored.functions }, secret }
    },
  }
}
