// Whether this page may change anything; a field for the token where the mesh asks for one.
import { type FormEvent, useId, useRef, useState } from 'react'
import { type Access, UNKNOWN_ACCESS } from '../mesh/access.ts'
import { hasToken, keepToken } from '../mesh/http.ts'

export function SignIn({ access, onAccess }: { access: Access; onAccess(): void }) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const [token, edit] = useState('')
  const [tried, setTried] = useState(false)
  const signedIn = hasToken() && access.denied === null

  if (access === UNKNOWN_ACCESS) return null
  if (!access.wantsToken && !signedIn) return access.denied === null ? null : <span className="read-only" title={access.denied}>Read-only</span>

  function onSubmit(event: FormEvent): void {
    event.preventDefault()
    keepToken(token.trim())
    setTried(true)
    edit('')
    dialog.current?.close()
    onAccess()
  }
  function signOut(): void {
    keepToken(null)
    setTried(false)
    onAccess()
  }

  return (
    <>
      {access.wantsToken && <span className="read-only" title={access.denied ?? ''}>Read-only</span>}
      {signedIn
        ? <button type="button" onClick={signOut} title={access.role === null ? '' : `Signed in as ${access.role}`}>Sign out</button>
        : <button type="button" onClick={() => dialog.current?.showModal()}>Sign in</button>}
      <dialog ref={dialog} aria-labelledby={`${id}-title`}>
        <form onSubmit={onSubmit}>
          <h2 id={`${id}-title`}>Sign in</h2>
          <p>{tried && access.denied !== null ? 'That token was not accepted. ' : ''}This mesh takes changes only with a token. <code>bin/swarmlambda.js token</code> mints one.</p>
          <div className="field">
            <label htmlFor={id}>Token</label>
            <input id={id} type="password" autoComplete="off" required value={token} onChange={(event) => edit(event.target.value)} />
            <p className="hint">Kept in this tab until it is closed.</p>
          </div>
          <div className="actions">
            <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
            <button type="submit" className="primary">Sign in</button>
          </div>
        </form>
      </dialog>
    </>
  )
}
