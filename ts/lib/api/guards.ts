// Who may call the control API. Decided by configuration and by what the request says, never by the peer's address:
// behind a local proxy every client looks like 127.0.0.1.
import { isIP } from 'node:net'
import { isLoopback } from '../addresses.js'
import { SwarmError } from '../errors.js'
import { isArchive, isJson, type Request } from './requests.js'
import { readLink } from './links.js'
import { ADMIN, mayInvoke, permit, type Grant } from './grants.js'
import { parseReference } from './names.js'
import { isSigned, verifySignature } from './signature.js'
import { readToken } from './token.js'

export interface GuardOptions {
  /** Where the gateway is bound. */
  httpHost: string
  /** Control calls need a token. */
  needsToken: boolean
  /** Further names this edge is known under. */
  hosts: () => readonly string[]
  /** Keys of the tokens, derived from the cluster keys that are accepted now. */
  controlKeys: () => readonly Buffer[]
  /** An access key by its id; null: there is none. */
  accessKey: (id: string) => { grant: Grant; secret: string } | null
  /** Whether the resource policy of a function (`name` or `name:qualifier`) lets that access key through its URL. */
  policyAllows: (reference: string, accessKeyId: string) => boolean
  clock: () => number
}

/** Names that resolve to this edge in development, and all under them. */
const KNOWN_ZONES = ['lambda.mesh', 'localhost']
const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export interface Guards {
  /** What the caller of a control call may do; or throws `FORBIDDEN`, `UNSUPPORTED_MEDIA_TYPE`, or what is wrong with the signature. */
  guard: (request: Request) => Grant
  /** Checks a request to a function (`name` or `name:qualifier`) whose URL asks for signed ones (AuthType AWS_IAM), or throws `FORBIDDEN`. */
  mayInvoke: (request: Request, reference: string) => void
}

export function openGuards(options: GuardOptions): Guards {
  const isNamed = (host: string): boolean => [options.httpHost, ...options.hosts()].some((name) => name.toLowerCase() === host)
  const { needsToken } = options

  // A page under a foreign name that resolves to 127.0.0.1 (DNS rebinding) sends that name; an address can't be rebound.
  // A foreign address at an edge on loopback came through a proxy that others can reach: said to be so, or refused.
  const isKnown = (host: string): boolean =>
    isNamed(host) || (isIP(host) !== 0 && (needsToken || isLoopback(host))) || KNOWN_ZONES.some((zone) => host === zone || host.endsWith(`.${zone}`))

  const signerOf = (request: Request): string => verifySignature(request, (accessKeyId) => options.accessKey(accessKeyId)?.secret ?? null, options.clock())
  const tokenOf = (request: Request): Grant | null => readToken(options.controlKeys(), bearerOf(request.headers.get('authorization')), options.clock())
  /** Whose request it is; null: nobody's. */
  const grantOf = (request: Request): Grant | null =>
    isSigned(request) ? (options.accessKey(signerOf(request))?.grant ?? null) : (readLink(options.controlKeys(), request, options.clock()) ?? tokenOf(request))

  return {
    guard(request) {
      const { body, headers, method } = request
      const authority = headers.get('host') ?? ''
      const host = hostOf(authority)
      if (host === null || !isKnown(host)) {
        throw new SwarmError('FORBIDDEN', `Host ${JSON.stringify(authority.slice(0, 100))} is no name of this edge: list it in SWARMLAMBDA_HOSTS`)
      }
      const origin = headers.get('origin')
      if (origin !== undefined && !sameOrigin(origin, authority)) {
        throw new SwarmError('FORBIDDEN', `a page of ${JSON.stringify(origin.slice(0, 100))} may not call this edge`)
      }
      const grant = needsToken ? grantOf(request) : ADMIN
      if (grant === null) {
        throw new SwarmError('FORBIDDEN', 'this call needs "Authorization: Bearer <token>", or a signature by an access key: mint one with bin/swarmlambda.js token')
      }
      // A form or a plain-text request of a page needs no preflight; these types do.
      const hasBody = body.length > 0 || method === 'POST' || method === 'PUT'
      if (WRITES.has(method) && hasBody && !isJson(headers.get('content-type')) && !isArchive(headers.get('content-type'))) {
        throw new SwarmError('UNSUPPORTED_MEDIA_TYPE', 'content-type must be application/json, or application/zip for an archive')
      }
      permit(grant, request)
      return grant
    },
    mayInvoke(request, reference) {
      const { name } = parseReference(reference)
      const forbidden = new SwarmError('FORBIDDEN', 'Forbidden')
      if (!isSigned(request)) {
        const grant = tokenOf(request)
        if (grant === null || !mayInvoke(grant, name)) throw forbidden
        return
      }
      // On loopback any signature will do: a client must have signed at all, as it has to elsewhere.
      if (!needsToken) return
      const id = signerOf(request)
      const grant = options.accessKey(id)?.grant ?? null
      if ((grant === null || !mayInvoke(grant, name)) && !options.policyAllows(reference, id)) throw forbidden
    },
  }
}

/** `name:port`, `1.2.3.4`, `[::1]:80` → the host in lower case without brackets; null: malformed. */
function hostOf(authority: string): string | null {
  const [, v6, name] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::\d{1,5})?$/i.exec(authority) ?? []
  const host = (v6 ?? name)?.toLowerCase().replace(/\.$/, '')
  return host === undefined || host === '' ? null : host
}

function sameOrigin(origin: string, authority: string): boolean {
  try {
    return new URL(origin).host === new URL(`http://${authority}`).host
  } catch {
    return false
  }
}

const bearerOf = (authorization: string | undefined): string | null => /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? null
