// The answer to an invocation: outcome, receipt as a waterfall, payload, logs.
import { duration } from '../format.ts'
import type { Invocation } from '../mesh/api.ts'
import { CLASS_TEXT } from '../mesh/receipt.ts'
import { classTone, Glyph, type Tone } from '../parts/Glyph.tsx'

export function InvocationResult({ name, invocation }: { name: string; invocation: Invocation }) {
  const { payload, logs, requestId } = invocation
  const { tone, text } = verdict(name, invocation)
  return (
    <section className={`result ${tone}`} aria-label="Result">
      <p className="verdict"><Glyph tone={tone} /> <b>{text}</b> <span className="ms">{duration(invocation.ms)} seen from here</span></p>
      <Waterfall invocation={invocation} />
      <h3>{invocation.functionError === null && invocation.errorType === null ? 'Answer' : 'Error'}</h3>
      <pre className="payload" tabIndex={0} aria-label="Answer">{pretty(payload)}</pre>
      {logs !== '' && <><h3>Logs</h3><pre className="logs" tabIndex={0} aria-label="Logs">{logs}</pre></>}
      <dl className="facts">
        <dt>Status</dt><dd>{invocation.status}</dd>
        {invocation.functionError !== null && <><dt>Function error</dt><dd>{invocation.functionError}</dd></>}
        {requestId !== null && <><dt>Request id</dt><dd><code>{requestId}</code></dd></>}
      </dl>
    </section>
  )
}

function Waterfall({ invocation: { tries } }: { invocation: Invocation }) {
  const total = tries.reduce((sum, each) => sum + each.ms, 0) || 1
  const starts = tries.map((_, index) => tries.slice(0, index).reduce((sum, each) => sum + each.ms, 0))
  if (tries.length === 0) return null
  return (
    <ol className="waterfall" aria-label="Edges tried">
      {tries.map((each, index) => (
        <li key={index} className={classTone(each.class)}>
          <Glyph tone={classTone(each.class)} />
          <span className="edge-name">{each.edge}</span>
          <span className="try-class" title={CLASS_TEXT[each.class]}>{each.class}</span>
          <span className="bar" aria-hidden="true">
            <span style={{ left: `${((starts[index] ?? 0) / total) * 100}%`, width: `${(each.ms / total) * 100}%` }} />
          </span>
          <span className="ms">{duration(each.ms)}</span>
        </li>
      ))}
    </ol>
  )
}

function verdict(name: string, invocation: Invocation): { tone: Tone; text: string } {
  const { functionError, errorType, edge, tries } = invocation
  if (errorType !== null) return { tone: 'bad', text: errorType }
  if (functionError !== null) return { tone: 'bad', text: `${name} failed${edge === null ? '' : ` on ${edge}`}` }
  const moved = tries.length > 1 ? ', after a failover' : ''
  return { tone: 'good', text: `${edge ?? 'An edge'} answered${moved}` }
}

function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}
