// Asks before something that cannot be taken back.
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Problem } from './Problem.tsx'
import { useTask } from './use-task.ts'

interface Props {
  title: string
  children: ReactNode
  /** Of the button that goes on, e.g. `Delete`. */
  action: string
  keep?: string
  run(): Promise<void>
  onClose(): void
}

export function ConfirmDialog({ title, children, action, keep = 'Cancel', run, onClose }: Props) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const task = useTask(async () => {
    await run()
    dialog.current?.close()
  })

  useEffect(() => dialog.current?.showModal(), [])

  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
      <Problem error={task.error} />
      <div className="actions">
        <button type="button" autoFocus onClick={() => dialog.current?.close()}>{keep}</button>
        <button type="button" className="primary danger" disabled={task.busy} onClick={task.run}>{action}</button>
      </div>
    </dialog>
  )
}
