// Tokens for control calls: minted by anyone who holds the cluster key, checked by every edge without asking another.
import { createHmac, timingSafeEqual } from 'node:crypto'

const VERSION = 'swl1'
const SHAPE = /^swl1\.(\d{1,15})\.([\w-]{43})$/

/** `swl1.<expiry, ms since the epoch>.<MAC>`. */
export const mintToken = (controlKey: Buffer, expiresAt: number): string => `${VERSION}.${expiresAt}.${macOf(controlKey, expiresAt).toString('base64url')}`

/** True for an unexpired token of this cluster. */
export function verifyToken(controlKey: Buffer, token: string | null, now: number): boolean {
  const [, expiry, mac] = SHAPE.exec(token ?? '') ?? []
  if (expiry === undefined || mac === undefined) return false
  const given = Buffer.from(mac, 'base64url')
  const expected = macOf(controlKey, Number(expiry))
  return given.length === expected.length && timingSafeEqual(given, expected) && Number(expiry) > now
}

const macOf = (controlKey: Buffer, expiresAt: number): Buffer => createHmac('sha256', controlKey).update(`${VERSION}.${expiresAt}`).digest()
