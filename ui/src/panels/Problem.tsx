// What went wrong with a call, and a field for the token when the edge asks for one.
import { type FormEvent, useId, useState } from 'react'
import { ApiError, setToken } from '../mesh/api.ts'

/** `onToken` runs the call again. */
export function Problem({ error, onToken }: { error: Error | null; onToken(): void }) {
  const id = useId()
  const [token, edit] = useState('')
  if (error === null) return null

  function onSubmit(event: FormEvent): void {
    event.preventDefault()
    setToken(token.trim())
    onToken()
  }

  return (
    <div className="problem" role="alert">
      <pre>{error.message}</pre>
      {error instanceof ApiError && error.wantsToken && (
        <form onSubmit={onSubmit}>
          <label htmlFor={id}>Token of this mesh</label>
          <div className="row">
            <input id={id} type="password" autoComplete="off" required value={token} onChange={(event) => edit(event.target.value)} />
            <button type="submit">Try again</button>
          </div>
          <p className="hint">Kept in this tab only.</p>
        </form>
      )}
    </div>
  )
}
