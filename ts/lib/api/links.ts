// Links to a function's code that need no credentials besides themselves, as GetFunction's `Code.Location` does.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Grant } from './grants.js'
import type { Request } from './requests.js'

/** As long as AWS's. */
const VALID_MS = 10 * 60_000
const CODE = /^\/2015-03-31\/functions\/([a-zA-Z0-9_-]{1,64})\/code$/

/** `path?Qualifier=…`, signed if whoever reads it needs credentials. */
export function linkTo(path: string, version: string, signer: { controlKeys: readonly Buffer[]; now: number } | null): string {
  const query = new URLSearchParams(version === '$LATEST' ? {} : { Qualifier: version })
  const [controlKey] = signer?.controlKeys ?? []
  if (signer && controlKey) {
    const expires = String(signer.now + VALID_MS)
    query.set('Expires', expires)
    query.set('Signature', macOf(controlKey, path, version, expires).toString('base64url'))
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

/** What such a link allows, until it expires; null: it is none. */
export function readLink(controlKeys: readonly Buffer[], { method, path, query }: Request, now: number): Grant | null {
  const [, name] = CODE.exec(path) ?? []
  const expires = query.get('Expires')
  const given = Buffer.from(query.get('Signature') ?? '', 'base64url')
  if (name === undefined || expires === null || (method !== 'GET' && method !== 'HEAD')) return null
  const isBy = (controlKey: Buffer): boolean => {
    const expected = macOf(controlKey, path, query.get('Qualifier') ?? '$LATEST', expires)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  if (!controlKeys.some(isBy)) return null
  return Number(expires) > now ? { role: 'deployer', functions: [name] } : null
}

const macOf = (controlKey: Buffer, ...parts: string[]): Buffer => createHmac('sha256', controlKey).update(['link', ...parts].join('\n')).digest()
