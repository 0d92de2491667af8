// Asks before a function is deleted from every edge.
import { useEffect, useRef } from 'react'
import { deleteFunction } from '../mesh/api.ts'
import { useTask } from '../parts/use-task.ts'
import { Problem } from './Problem.tsx'

export function DeleteDialog({ name, onClose }: { name: string; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const task = useTask(async () => {
    await deleteFunction(name)
    dialog.current?.close()
  })

  useEffect(() => dialog.current?.showModal(), [])

  return (
    <dialog ref={dialog} aria-labelledby="delete-title" onClose={onClose}>
      <h2 id="delete-title">Delete {name}?</h2>
      <p>Every edge of the mesh stops serving it. Only a new deploy brings it back.</p>
      <Problem error={task.error} onToken={task.run} />
      <div className="actions">
        <button type="button" autoFocus onClick={() => dialog.current?.close()}>Keep it</button>
        <button type="button" className="primary danger" disabled={task.busy} onClick={task.run}>
          {task.busy ? 'Deleting…' : 'Delete'}
        </button>
      </div>
    </dialog>
  )
}
