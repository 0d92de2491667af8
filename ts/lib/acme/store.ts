// The mesh's certificates and its account at a certificate authority, in the registry: keys are sealed, the rest is open.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Certificate } from '../native.js'
import { keyOfAcmeAccount, keyOfCertificate } from '../registry/parts.js'
import type { Sealer } from '../registry/sealer.js'
import type { Registry } from '../registry/types.js'

const storedSchema = z.object({
  names: z.array(z.string()),
  issued: z.object({ chain: z.string(), sealedKey: z.string() }).nullable(),
  /** Tries since then that failed. */
  failures: z.number().int().nonnegative(),
  /** Milliseconds since the epoch. */
  triedAt: z.number(),
  /** What the last one failed with; null: it did not. */
  reason: z.string().nullable(),
  /** The name of the edge that tried. */
  by: z.string(),
})
export type Stored = z.infer<typeof storedSchema>

export interface CertificateStore {
  read(): Stored | null
  /** The certificate; null: there is none yet, or it is sealed under another cluster's key. */
  certificate(): Certificate | null
  write(next: Omit<Stored, 'names' | 'issued'> & { issued: Certificate | null }): Promise<void>
  /** The account's key (PEM); `make` makes one when there is none. */
  accountKey(make: () => Promise<Buffer>): Promise<string>
  /** Of the names and the authority: 16 hexadecimal digits. */
  readonly id: string
  /** The registry's key of the certificate. */
  readonly key: string
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
const REASON_CHARACTERS = 500

export function openCertificateStore(registry: Pick<Registry, 'item' | 'put'>, sealer: Sealer, { directory, names }: { directory: string; names: readonly string[] }): CertificateStore {
  const id = digest([directory, ...names.toSorted()].join('\n'))
  const key = keyOfCertificate(id)
  const accountItem = keyOfAcmeAccount(digest(directory))
  const read = (): Stored | null => storedSchema.safeParse(registry.item(key)?.value).data ?? null
  const open = (sealed: string | undefined): string | null => (sealed === undefined ? null : sealer.open(sealed))
  return {
    id,
    key,
    read,
    certificate() {
      const issued = read()?.issued
      const secret = open(issued?.sealedKey)
      return !issued || secret === null ? null : { chain: Buffer.from(issued.chain), key: Buffer.from(secret) }
    },
    async write({ issued, reason, ...rest }) {
      const kept = issued === null ? (read()?.issued ?? null) : { chain: issued.chain.toString(), sealedKey: sealer.seal(issued.key.toString()) }
      await registry.put({ type: 'item', name: key, value: { ...rest, names: [...names], reason: reason?.slice(0, REASON_CHARACTERS) ?? null, issued: kept } })
    },
    async accountKey(make) {
      const sealed = z.object({ sealedKey: z.string() }).safeParse(registry.item(accountItem)?.value).data?.sealedKey
      const known = open(sealed)
      if (known !== null) return known
      const made = (await make()).toString()
      await registry.put({ type: 'item', name: accountItem, value: { directory, sealedKey: sealer.seal(made) } })
      return made
    },
  }
}
