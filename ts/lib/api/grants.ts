// What a token or an access key allows, and what a control call asks for.
import { z } from 'zod'
import { SwarmError } from '../errors.js'
import { parseReference } from './names.js'
import type { Request } from './requests.js'

export const ROLES = ['admin', 'deployer', 'invoker'] as const

export const grantSchema = z.object({
  /** `admin`: everything. `deployer`: reads, and changes and invokes its functions. `invoker`: invokes its functions. */
  role: z.enum(ROLES, `must be ${ROLES.join(', ')}`),
  /** Names of functions, `*` for any characters. */
  functions: z.array(z.string().regex(/^[a-zA-Z0-9_*-]{1,64}$/, 'must be a name of functions, with * for any characters')).min(1).max(20),
})

export type Grant = z.infer<typeof grantSchema>

export const ADMIN: Grant = { role: 'admin', functions: ['*'] }

/** Whether the grant is for that function at all. */
export const covers = ({ functions, role }: Grant, name: string): boolean => role === 'admin' || functions.some((pattern) => matches(pattern, name))

function matches(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`).test(name)
}

/** Throws `FORBIDDEN` when the grant does not reach to that call. */
export function permit(grant: Grant, request: Request): void {
  if (grant.role === 'admin') return
  const name = functionOf(request)
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (grant.role === 'deployer' && !ADMINISTRATION.test(request.path)) {
    // Lists show what the grant covers.
    // Schedules look themselves at whose function they are.
    if (name === null ? reads || SCHEDULES.test(request.path) : covers(grant, name)) return
  }
  const on = name === null ? request.path : `the function ${name}`
  throw new SwarmError('FORBIDDEN', `User with the role ${grant.role} (functions ${grant.functions.join(', ')}) is not authorized to perform ${request.method} on ${on}`)
}

/** Whether the grant is enough to invoke. */
export const mayInvoke = (grant: Grant, name: string): boolean => covers(grant, name)

const ADMINISTRATION = /^\/(access-keys|dead-letters)(\/|$)/
const SCHEDULES = /^\/schedules\//
const NAMED = /^\/(?:functions|20\d\d-\d\d-\d\d\/functions|2017-03-31\/tags)\/([^/]+)/
const CREATES = /^\/(?:20\d\d-\d\d-\d\d\/)?functions\/?$/

/** The function that a call is about; null: none in particular. */
function functionOf({ body, method, path, query }: Request): string | null {
  const [, encoded] = NAMED.exec(path) ?? []
  if (encoded !== undefined) return nameIn(decodeURIComponent(encoded))
  if (method !== 'POST' || !CREATES.test(path)) return null
  const inQuery = query.get('name')
  if (inQuery !== null) return inQuery
  try {
    const { FunctionName, name } = JSON.parse(body.toString()) as { FunctionName?: unknown; name?: unknown }
    const given = path.startsWith('/functions') ? name : FunctionName
    return typeof given === 'string' ? nameIn(given) : ''
  } catch {
    return ''
  }
}

const nameIn = (text: string): string => parseReference(text).name
