// The same event again, on a chosen edge and nowhere else.
import { useId, useState } from 'react'
import type { InvocationDetail } from '../../../ts/lib/snapshot.ts'
import { usePage } from '../mesh/context.ts'
import { CodeEditor } from '../parts/CodeEditor.tsx'
import { Glyph } from '../parts/Glyph.tsx'
import { Problem } from '../parts/Problem.tsx'
import { useTask } from '../parts/use-task.ts'
import { WriteButton } from '../parts/WriteButton.tsx'
import { SAMPLE_EVENT } from '../sample.ts'
import { invokeOn, type Replayed } from './api.ts'
import { pretty } from './pretty.ts'
import { Waterfall } from './Waterfall.tsx'

export function Replay({ invocation }: { invocation: InvocationDetail }) {
  const id = useId()
  const { snapshot } = usePage()
  const [event, setEvent] = useState(() => pretty(invocation.event ?? SAMPLE_EVENT))
  const live = snapshot.edges.filter((edge) => edge.state !== 'down').sort((a, b) => a.name < b.name ? -1 : 1)
  const [chosen, setChosen] = useState('')
  const edge = live.find((each) => each.id === chosen) ?? live.find((each) => each.name === invocation.executedBy) ?? live[0]
  const [result, setResult] = useState<Replayed | null>(null)
  const task = useTask(async () => {
    if (edge) setResult(await invokeOn(edge.id, invocation.function, invocation.version === '$LATEST' ? null : invocation.version, event))
  })
  return (
    <section className="replay" aria-label="Replay">
      <h3>Replay</h3>
      <CodeEditor label="Event to send" rows={5} value={event} onChange={setEvent} onSubmit={task.run} />
      <div className="actions">
        <label htmlFor={id}>on</label>
        <select id={id} value={edge?.id ?? ''} onChange={(changed) => setChosen(changed.target.value)}>
          {live.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}
        </select>
        <WriteButton className="primary" disabled={task.busy || edge === undefined} onClick={task.run}>{task.busy ? 'Running…' : 'Replay'}</WriteButton>
      </div>
      <Problem error={task.error} />
      <div role="status" className="outcome">
        {result !== null && <section className={`result ${result.class === 'ok' ? 'good' : 'bad'}`} aria-label="Result of the replay">
          <p className="verdict"><Glyph tone={result.class === 'ok' ? 'good' : 'bad'} /> <b>{result.edge} {result.class === 'ok' ? 'answered' : `ended ${result.class}`}</b></p>
          <Waterfall tries={[{ edge: result.edge, class: result.class, ms: result.ms }]} />
          <pre className="payload" tabIndex={0} aria-label="Answer of the replay">{pretty(result.result)}</pre>
        </section>}
      </div>
    </section>
  )
}
