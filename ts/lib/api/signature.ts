// AWS Signature Version 4, as clients of Lambda make it: in the Authorization header, or in the query (presigned).
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { SwarmError } from '../errors.js'
import type { Request } from './requests.js'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const SERVICE = 'lambda'
/** A signature's time may be this far from ours, either way; until then it can be used again. */
const SKEW_MS = 5 * 60_000
const LONGEST_PRESIGNED_S = 604_800
const UNSIGNED = 'UNSIGNED-PAYLOAD'

interface Given {
  accessKeyId: string
  /** `20261124/us-east-1/lambda/aws4_request`. */
  scope: string
  date: string
  /** Lower case. */
  signedHeaders: string[]
  signature: string
  /** Seconds; null: in the header. */
  expires: number | null
}

/** Whether somebody signed, be it right or wrong. */
export const isSigned = ({ headers, query }: Request): boolean => (headers.get('authorization') ?? '').startsWith(ALGORITHM) || query.has('X-Amz-Signature')

/**
 * The access key that signed the request. `secretOf` gives null for a key that is not known. Throws
 * `INCOMPLETE_SIGNATURE`, `INVALID_SIGNATURE` or `UNKNOWN_ACCESS_KEY`.
 */
export function verifySignature(request: Request, secretOf: (accessKeyId: string) => string | null, now: number): string {
  const given = request.query.has('X-Amz-Signature') ? fromQuery(request) : fromHeader(request)
  const [day, region, service, end, ...more] = given.scope.split('/')
  const at = timeOf(given.date)
  if (at === null || more.length > 0 || !region || end !== 'aws4_request' || day !== given.date.slice(0, 8)) {
    throw incomplete('Credential should be scoped to a valid region and the date of X-Amz-Date')
  }
  if (service !== SERVICE) throw invalid(`Credential should be scoped to correct service: '${SERVICE}'.`)
  if (!given.signedHeaders.includes('host')) throw incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
  const last = at + (given.expires === null ? SKEW_MS : given.expires * 1_000)
  if (now > last) throw invalid(`Signature expired: ${given.date} is now earlier than ${stamp(now - (last - at))} (${stamp(now)})`)
  if (now < at - SKEW_MS) throw invalid(`Signature not yet current: ${given.date} is still later than ${stamp(now + SKEW_MS)} (${stamp(now)})`)
  const secret = secretOf(given.accessKeyId)
  if (secret === null) throw new SwarmError('UNKNOWN_ACCESS_KEY', 'The security token included in the request is invalid.')

  const key = [day, region, service, end].reduce<Buffer | string>((last, part) => hmac(last, part), `AWS4${secret}`)
  const matches = payloadHashes(request, given).some((payload) => {
    const toSign = [ALGORITHM, given.date, given.scope, sha256(canonical(request, given, payload))].join('\n')
    return timingSafeEqual(hmac(key, toSign), Buffer.from(given.signature, 'hex'))
  })
  if (!matches) {
    throw invalid('The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.')
  }
  return given.accessKeyId
}

function fromHeader({ headers }: Request): Given {
  const text = headers.get('authorization') ?? ''
  const fields = new Map(
    text
      .slice(ALGORITHM.length)
      .split(',')
      .map((field): [string, string] => {
        const at = field.indexOf('=')
        return [field.slice(0, at).trim(), field.slice(at + 1).trim()]
      }),
  )
  return given(fields.get('Credential'), headers.get('x-amz-date'), fields.get('SignedHeaders'), fields.get('Signature'), null)
}

function fromQuery({ query }: Request): Given {
  if (query.get('X-Amz-Algorithm') !== ALGORITHM) throw incomplete(`X-Amz-Algorithm must be ${ALGORITHM}`)
  const expires = query.get('X-Amz-Expires') ?? ''
  if (!/^\d{1,6}$/.test(expires) || Number(expires) > LONGEST_PRESIGNED_S) throw incomplete(`X-Amz-Expires must be at most ${LONGEST_PRESIGNED_S} seconds`)
  return given(query.get('X-Amz-Credential'), query.get('X-Amz-Date'), query.get('X-Amz-SignedHeaders'), query.get('X-Amz-Signature'), Number(expires))
}

type Field = string | null | undefined

function given(credential: Field, date: Field, signedHeaders: Field, signature: Field, expires: number | null): Given {
  const missing = Object.entries({ Credential: credential, Signature: signature, SignedHeaders: signedHeaders, 'X-Amz-Date': date }).filter(([, value]) => !value)
  if (!credential || !date || !signedHeaders || !signature) throw incomplete(`Authorization header requires ${missing.map(([name]) => `'${name}'`).join(', ')} parameter.`)
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete("'Signature' must be 64 hexadecimal digits in lower case.")
  const at = credential.indexOf('/')
  return { accessKeyId: credential.slice(0, Math.max(at, 0)), scope: credential.slice(at + 1), date, signedHeaders: signedHeaders.split(';'), signature, expires }
}

/** What may stand for the body: its digest, never what the request says of it. */
function payloadHashes({ body }: Request, { expires }: Given): string[] {
  return [sha256(body), ...(expires !== null && body.length === 0 ? [UNSIGNED] : [])]
}

function canonical({ headers, method, path, rawQuery }: Request, { signedHeaders }: Given, payload: string): string {
  const lines = signedHeaders.map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/\s+/g, ' ')}\n`)
  // Clients encode the path, and then encode it once more to sign it.
  return [method, encode(path).replaceAll('%2F', '/'), canonicalQuery(rawQuery), lines.join(''), signedHeaders.join(';'), payload].join('\n')
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=')
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
      return [encode(decode(name)), encode(decode(value))]
    })
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join('='))
    .join('&')
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw incomplete('The query is not UTF-8')
  }
}

/** RFC 3986: everything but letters, digits and `-._~`. */
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

function timeOf(date: string): number | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? null : at
}

const stamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const incomplete = (message: string): SwarmError => new SwarmError('INCOMPLETE_SIGNATURE', message)
const invalid = (message: string): SwarmError => new SwarmError('INVALID_SIGNATURE', message)
