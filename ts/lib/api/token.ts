// Tokens for control calls: minted by anyone who holds the cluster key, checked by every edge without asking another.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { grantSchema, type Grant } from './grants.js'

const SHAPE = /^(swl2\.([\w-]{1,4000}))\.([\w-]{43})$/

/** `expires`: milliseconds since the epoch. */
const claimsSchema = z.object({ expires: z.number() }).extend(grantSchema.shape)

/** `swl2.<claims, JSON in Base64url>.<MAC of what stands before it>`. */
export function mintToken(controlKey: Buffer, expires: number, grant: Grant): string {
  const signed = `swl2.${Buffer.from(JSON.stringify({ expires, ...grant })).toString('base64url')}`
  return `${signed}.${macOf(controlKey, signed).toString('base64url')}`
}

/** What an unexpired token by one of these keys allows; null: no such token. */
export function readToken(controlKeys: readonly Buffer[], token: string | null, now: number): Grant | null {
  const [, signed, claims, mac] = SHAPE.exec(token ?? '') ?? []
  if (signed === undefined || claims === undefined || mac === undefined) return null
  const given = Buffer.from(mac, 'base64url')
  const isBy = (controlKey: Buffer): boolean => {
    const expected = macOf(controlKey, signed)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  if (!controlKeys.some(isBy)) return null
  const { expires, ...grant } = claimsSchema.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()))
  return expires > now ? grant : null
}

const macOf = (controlKey: Buffer, signed: string): Buffer => createHmac('sha256', controlKey).update(signed).digest()
