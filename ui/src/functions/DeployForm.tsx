// Writes a function and sends it to the mesh.
import { type FormEvent, useId, useState } from 'react'
import { count } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { CodeEditor } from '../parts/CodeEditor.tsx'
import { PageHead } from '../parts/PageHead.tsx'
import { Problem } from '../parts/Problem.tsx'
import { useTask } from '../parts/use-task.ts'
import { WriteButton } from '../parts/WriteButton.tsx'
import { SAMPLE } from '../sample.ts'
import { deploy, type Deployed, type Deployment } from './api.ts'
import { parseEnvironment } from './environment.ts'

const FILE = 'index.js'

export function DeployForm() {
  const id = useId()
  const { snapshot: { functions }, go } = usePage()
  const [draft, setDraft] = useState<Deployment>({ ...SAMPLE, description: '' })
  const [variables, setVariables] = useState('')
  const [done, setDone] = useState<Deployed | null>(null)
  const task = useTask(async () => {
    setDone(null)
    setDone(await deploy({ ...draft, environment: parseEnvironment(variables) }))
  })
  const replaces = functions.some((fn) => fn.name === draft.name)

  function set<K extends keyof Deployment>(key: K, value: Deployment[K]): void {
    setDraft((now) => ({ ...now, [key]: value }))
  }

  function onSubmit(event: FormEvent): void {
    event.preventDefault()
    task.run()
  }

  return (
    <>
    <PageHead back={{ page: 'functions' }} backLabel="Functions" title="New function" />
    <form className="form body" aria-label="Deploy a function" onSubmit={onSubmit}>
      <div className="field">
        <label htmlFor={`${id}-name`}>Name</label>
        <input
          id={`${id}-name`} value={draft.name} required pattern="[A-Za-z0-9_\-]{1,64}" autoComplete="off" spellCheck={false}
          title="Letters, digits, - and _, at most 64" aria-describedby={`${id}-name-hint`}
          onChange={(event) => set('name', event.target.value)}
        />
        <p className="hint" id={`${id}-name-hint`}>
          {replaces ? `Replaces ${draft.name} on every edge.` : 'Letters, digits, - and _.'}
        </p>
      </div>
      <CodeEditor
        label={FILE} rows={13} value={draft.files[FILE] ?? ''} onChange={(code) => set('files', { [FILE]: code })}
        onSubmit={task.run}
      />
      <div className="row thirds">
        <div className="field">
          <label htmlFor={`${id}-memory`}>Memory, MB</label>
          <input
            id={`${id}-memory`} type="number" required min={16} max={10240} value={draft.memorySize || ''}
            onChange={(event) => set('memorySize', event.target.valueAsNumber || 0)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-timeout`}>Timeout, s</label>
          <input
            id={`${id}-timeout`} type="number" required min={0.01} max={900} step="any" value={draft.timeout || ''}
            onChange={(event) => set('timeout', event.target.valueAsNumber || 0)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-failover`}>Failover</label>
          <select
            id={`${id}-failover`} value={draft.failover}
            onChange={(event) => set('failover', event.target.value as Deployment['failover'])}
          >
            <option value="any">On any failure</option>
            <option value="safe">If not started</option>
            <option value="never">Never</option>
          </select>
        </div>
      </div>
      <details>
        <summary>More</summary>
        <div className="field">
          <label htmlFor={`${id}-description`}>Description</label>
          <input
            id={`${id}-description`} value={draft.description} maxLength={256} autoComplete="off"
            onChange={(event) => set('description', event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-handler`}>Handler</label>
          <input
            id={`${id}-handler`} value={draft.handler} required autoComplete="off" spellCheck={false}
            onChange={(event) => set('handler', event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-environment`}>Environment, one NAME=value a line</label>
          <textarea
            id={`${id}-environment`} rows={3} value={variables} spellCheck={false} autoComplete="off"
            onChange={(event) => setVariables(event.target.value)}
          />
        </div>
      </details>
      <div className="actions">
        <WriteButton type="submit" className="primary" disabled={task.busy}>{task.busy ? 'Deploying…' : 'Deploy'}</WriteButton>
        {done !== null && <button type="button" onClick={() => go({ page: 'function', name: done.name, tab: 'test' })}>Test {done.name}</button>}
      </div>
      <div role="status" className="outcome">
        {done !== null && <p className="success">
          {done.created ? 'Deployed' : 'Updated'} <b>{done.name}</b>
          {done.edges.length > 0 && <>: {count(done.edges.length, 'edge')} {done.edges.length === 1 ? 'has' : 'have'} it
            ({done.edges.slice(0, 12).join(', ')})</>}.
        </p>}
      </div>
      <Problem error={task.error} />
    </form>
    </>
  )
}
