// What this page may do, asked of the edge that serves it: again after a sign-in, and when another edge takes over.
import { useCallback, useEffect, useState } from 'react'
import { type Access, readAccess, UNKNOWN_ACCESS } from '../mesh/access.ts'

const AWAY: Access = { denied: 'The edge that this page comes from does not answer: go on at another one.', wantsToken: false, role: null, chaos: false }

export function useAccess(self: string | undefined, elsewhere: string | null): { access: Access; ask(): void } {
  const [access, setAccess] = useState(UNKNOWN_ACCESS)
  const [turn, setTurn] = useState(0)

  useEffect(() => {
    if (self === undefined || elsewhere !== null) return
    const abort = new AbortController()
    // Nobody answers: the stream will say so, and ask again.
    readAccess(abort.signal).then((found) => { if (!abort.signal.aborted) setAccess(found) }, () => undefined)
    return () => abort.abort()
  }, [self, elsewhere, turn])

  const ask = useCallback(() => setTurn((now) => now + 1), [])
  return { access: elsewhere === null ? access : AWAY, ask }
}
