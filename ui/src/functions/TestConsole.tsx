// Sends an event to a function and shows the answer with its receipt; events can be kept under a name.
import { type FormEvent, useId, useState } from 'react'
import { type Invocation, invocationPath, invoke } from '../invocations/api.ts'
import { InvocationResult } from '../invocations/InvocationResult.tsx'
import { CodeEditor } from '../parts/CodeEditor.tsx'
import { CopyButton } from '../parts/CopyButton.tsx'
import { Problem } from '../parts/Problem.tsx'
import { usePoll } from '../parts/use-poll.ts'
import { useTask } from '../parts/use-task.ts'
import { SAMPLE_EVENT } from '../sample.ts'
import { readAliases, readVersions } from './api.ts'
import { asAwsCli, asCurl, asSdk } from './commands.ts'
import { loadEvents, saveEvents } from './saved-events.ts'

export function TestConsole({ name }: { name: string }) {
  const id = useId()
  const [saved, setSaved] = useState(() => loadEvents(name))
  const [event, setEvent] = useState(() => Object.values(saved)[0] ?? SAMPLE_EVENT)
  const [title, setTitle] = useState('')
  const [qualifier, setQualifier] = useState('')
  const [result, setResult] = useState<Invocation | null>(null)
  const qualifiers = useQualifiers(name)
  const wrong = jsonProblem(event)
  const asked = qualifier === '' ? null : qualifier
  const task = useTask(async () => {
    if (wrong === null) setResult(await invoke(name, event, asked))
  })

  function onSubmit(submitted: FormEvent): void {
    submitted.preventDefault()
    task.run()
  }
  function keep(events: Record<string, string>): void {
    setSaved(events)
    saveEvents(name, events)
  }
  const target = { url: new URL(invocationPath(name, asked), document.baseURI).href, endpoint: new URL('.', document.baseURI).href, name, qualifier: asked, event }

  return (
    <form className="form" aria-label={`Invoke ${name}`} onSubmit={onSubmit}>
      <div className="row">
        <div className="field grow">
          <label htmlFor={`${id}-saved`}>Saved events</label>
          <select id={`${id}-saved`} value={title in saved ? title : ''} onChange={(changed) => {
            setTitle(changed.target.value)
            setEvent(saved[changed.target.value] ?? SAMPLE_EVENT)
          }}>
            <option value="">{Object.keys(saved).length === 0 ? 'None yet' : 'Choose one'}</option>
            {Object.keys(saved).sort().map((each) => <option key={each}>{each}</option>)}
          </select>
        </div>
        <div className="field grow">
          <label htmlFor={`${id}-qualifier`}>Version or alias</label>
          <select id={`${id}-qualifier`} value={qualifier} onChange={(changed) => setQualifier(changed.target.value)}>
            <option value="">latest</option>
            {qualifiers.map((each) => <option key={each}>{each}</option>)}
          </select>
        </div>
      </div>
      <CodeEditor label="Event, JSON" rows={7} value={event} invalid={wrong} onSubmit={task.run} onChange={setEvent} />
      <div className="actions">
        <button type="submit" className="primary" disabled={task.busy || wrong !== null}>{task.busy ? 'Invoking…' : 'Invoke'}</button>
        <span className="segmented copy-as" role="group" aria-label="Copy as">
          <span className="copy-label" aria-hidden="true">Copy as</span>
          <CopyButton label="curl" text={() => asCurl(target)} />
          <CopyButton label="aws-cli" text={() => asAwsCli(target)} />
          <CopyButton label="SDK" text={() => asSdk(target)} />
        </span>
      </div>
      <details>
        <summary>Keep this event</summary>
        <div className="row">
          <input aria-label="Name of the event" placeholder="Name" value={title} onChange={(changed) => setTitle(changed.target.value)} />
          <button type="button" disabled={title.trim() === '' || wrong !== null} onClick={() => keep({ ...saved, [title.trim()]: event })}>Save</button>
          <button type="button" disabled={!(title in saved)} onClick={() => {
            keep(Object.fromEntries(Object.entries(saved).filter(([each]) => each !== title)))
            setTitle('')
          }}>Forget</button>
        </div>
      </details>
      <Problem error={task.error} />
      <div role="status" className="outcome">
        {result !== null && <InvocationResult name={name} invocation={result} />}
      </div>
    </form>
  )
}

const QUALIFIERS_EVERY_MS = 15_000

function useQualifiers(name: string): string[] {
  const { value } = usePoll(name, QUALIFIERS_EVERY_MS, async (signal) => {
    const [versions, aliases] = await Promise.all([readVersions(name, signal), readAliases(name, signal)])
    return [...aliases.map((alias) => alias.name), ...versions.map(({ version }) => version).filter((version) => version !== '$LATEST')]
  })
  return value ?? []
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
