// What this page may do: read only, unless the edge asks for no token or got one.
import { ApiError, callJson } from './http.ts'
import { isRecord } from './parse.ts'

export interface Access {
  /** Null: may write. Else why not, for people. */
  denied: string | null
  /** A token would help. */
  wantsToken: boolean
  /** Null: everything. */
  role: string | null
  /** Links may be cut and edges stopped: loopback development only. */
  chaos: boolean
}

export const UNKNOWN_ACCESS: Access = { denied: 'Not connected to an edge yet.', wantsToken: false, role: null, chaos: false }

export async function readAccess(signal: AbortSignal): Promise<Access> {
  try {
    const body = await callJson('access', { signal })
    const role = isRecord(body) && typeof body['role'] === 'string' ? body['role'] : null
    const denied = role === 'invoker' ? 'Your token may invoke functions and change nothing.' : null
    return { denied, wantsToken: denied !== null, role, chaos: isRecord(body) && body['chaos'] === true }
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 0) throw error
    // An edge of an older version does not know the question: its own answers will say.
    if (error.status === 404) return { denied: null, wantsToken: false, role: null, chaos: false }
    const wantsToken = error.status === 401 || error.status === 403
    return { denied: wantsToken ? 'Read-only: sign in with a token of this mesh.' : error.message, wantsToken, role: null, chaos: false }
  }
}
