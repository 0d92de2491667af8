// What only edges of this cluster can read, wherever the registry's logs end up: AES-256-GCM under a key from
// the cluster key. What was sealed before a rotation stays readable: every key that ever was is tried.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

import { SwarmError } from '../errors.js'

export interface Sealer {
  /** Another text each time. */
  seal(text: string): string
  /** Null: sealed with none of these keys, or changed since. */
  open(sealed: string): string | null
}

const VERSION = 's1.'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `keys`: seals with the first, opens with any. Asked each time. */
export function createSealer(keys: () => readonly Buffer[]): Sealer {
  const openWith = (key: Buffer, bytes: Buffer): string | null => {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    try {
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      return null
    }
  }
  return {
    seal(text) {
      const [key] = keys()
      if (key === undefined) throw new SwarmError('INTERNAL', 'no key to seal with')
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return VERSION + Buffer.concat([nonce, cipher.getAuthTag(), content]).toString('base64')
    },
    open(sealed) {
      if (!sealed.startsWith(VERSION)) return null
      const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return null
      for (const key of keys()) {
        const text = openWith(key, bytes)
        if (text !== null) return text
      }
      return null
    },
  }
}
