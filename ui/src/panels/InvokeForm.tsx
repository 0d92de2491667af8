// Sends an event to a function and shows the answer with its receipt.
import { type FormEvent, useId, useState } from 'react'
import type { FunctionSnapshot } from '../../../ts/lib/snapshot.ts'
import { type Invocation, invocationPath, invoke } from '../mesh/api.ts'
import { CodeEditor } from '../parts/CodeEditor.tsx'
import { useTask } from '../parts/use-task.ts'
import { SAMPLE_EVENT } from '../sample.ts'
import { asCurl } from './curl.ts'
import { InvocationResult } from './InvocationResult.tsx'
import { Problem } from './Problem.tsx'

interface Props {
  functions: readonly FunctionSnapshot[]
  /** Name of the chosen function; empty: the first. */
  target: string
  onTarget(name: string): void
}

export function InvokeForm({ functions, target, onTarget }: Props) {
  const id = useId()
  const [event, setEvent] = useState(SAMPLE_EVENT)
  const [result, setResult] = useState<{ name: string; invocation: Invocation } | null>(null)
  const [copied, setCopied] = useState(false)
  // A function just deployed may be chosen before the next snapshot names it.
  const known = functions.map((fn) => fn.name)
  const names = [...new Set(target === '' ? known : [...known, target])].sort()
  const name = target === '' ? names[0] ?? '' : target
  const wrong = jsonProblem(event)
  const task = useTask(async () => {
    if (name === '' || wrong !== null) return
    setResult({ name, invocation: await invoke(name, event) })
  })

  function onSubmit(submitted: FormEvent): void {
    submitted.preventDefault()
    task.run()
  }

  async function copy(): Promise<void> {
    const url = new URL(invocationPath(name), document.baseURI).href
    await navigator.clipboard.writeText(asCurl(url, event)).then(() => setCopied(true), () => setCopied(false))
  }

  if (names.length === 0) return <p className="quiet">Nothing to invoke yet. Deploy a function first.</p>
  return (
    <form className="form" aria-label="Invoke a function" onSubmit={onSubmit}>
      <div className="field">
        <label htmlFor={`${id}-name`}>Function</label>
        <select id={`${id}-name`} value={name} onChange={(changed) => onTarget(changed.target.value)}>
          {names.map((each) => <option key={each}>{each}</option>)}
        </select>
      </div>
      <CodeEditor
        label="Event, JSON" rows={6} value={event} invalid={wrong} onSubmit={task.run}
        onChange={(text) => { setEvent(text); setCopied(false) }}
      />
      <div className="actions">
        <button type="submit" className="primary" disabled={task.busy || wrong !== null}>
          {task.busy ? 'Invoking…' : 'Invoke'}
        </button>
        <button type="button" onClick={() => void copy()}>{copied ? 'Copied' : 'Copy as curl'}</button>
      </div>
      <Problem error={task.error} onToken={task.run} />
      <div role="status" className="outcome">
        {result !== null && <InvocationResult name={result.name} invocation={result.invocation} />}
      </div>
    </form>
  )
}

/** `null` for JSON, and for nothing: an empty event is `{}`. */
function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return error instanceof Error ? `Not JSON: ${error.message}` : 'Not JSON'
  }
}
