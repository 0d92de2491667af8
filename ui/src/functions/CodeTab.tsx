// The author's files in an editor; Deploy sends them to every edge.
import { useState } from 'react'
import { count } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { CodeEditor } from '../parts/CodeEditor.tsx'
import { Problem } from '../parts/Problem.tsx'
import { usePoll } from '../parts/use-poll.ts'
import { useTask } from '../parts/use-task.ts'
import { WriteButton } from '../parts/WriteButton.tsx'
import { type Deployed, readSource, redeploy, type Source } from './api.ts'

/** Asked once a revision; this is for the error to go away by itself. */
const EVERY_MS = 60_000

export function CodeTab({ name }: { name: string }) {
  const { access } = usePage()
  const { value: source, error, again } = usePoll(name, EVERY_MS, (signal) => readSource(name, signal))
  const [edits, setEdits] = useState<Record<string, string>>({})
  const [open, setOpen] = useState<string | null>(null)
  const [done, setDone] = useState<Deployed | null>(null)
  const task = useTask(async () => {
    if (source === null) return
    setDone(null)
    setDone(await redeploy(name, { ...source, files: { ...source.files, ...edits } }))
    // What was edited is what is deployed now: the next answer says so too.
    again()
  })

  if (source === null) {
    return error === null
      ? <p className="quiet">Reading the files…</p>
      : <p className="quiet">{error.message}</p>
  }
  const files = Object.keys(source.files).sort()
  const file = open !== null && files.includes(open) ? open : files.find((each) => isHandlers(each, source)) ?? files[0] ?? ''
  const text = edits[file] ?? source.files[file] ?? ''
  const changed = files.filter((each) => edits[each] !== undefined && edits[each] !== source.files[each])
  return (
    <div className="code-tab">
      <div className="file-tabs" role="group" aria-label="Files">
        {files.map((each) => (
          <button key={each} type="button" aria-pressed={each === file} onClick={() => setOpen(each)}>
            {each}{changed.includes(each) && <span className="changed" title="Changed, not deployed"> ●<span className="sr-only"> changed</span></span>}
          </button>
        ))}
      </div>
      <CodeEditor
        key={file} label={file} value={text} readOnly={access.denied !== null || source.readOnly !== null} onSubmit={task.run}
        onChange={(next) => { setEdits((now) => ({ ...now, [file]: next })); setDone(null) }}
      />
      {source.readOnly === null ? <div className="editor-foot">
        <WriteButton className="primary" disabled={task.busy || changed.length === 0} onClick={task.run}>{task.busy ? 'Deploying…' : 'Deploy'}</WriteButton>
        {changed.length > 0 && <button type="button" onClick={() => setEdits({})}>Discard</button>}
        <div role="status" className="outcome">
          {done !== null && <p className="success">Deployed to {count(done.edges.length, 'edge')}.</p>}
        </div>
      </div> : <p className="quiet">{source.readOnly}</p>}
      <Problem error={task.error} />
    </div>
  )
}

/** Whether `src/app.ts` is the file of the handler `src/app.handler`. */
function isHandlers(file: string, { config: { handler } }: Source): boolean {
  return file.replace(/\.\w+$/, '') === String(handler).replace(/\.[^.]*$/, '')
}
