// The answer to an invocation: outcome, receipt as a waterfall, payload, logs.
import { duration } from '../format.ts'
import { Glyph, type Tone } from '../parts/Glyph.tsx'
import { hrefOf } from '../route.ts'
import type { Invocation } from './api.ts'
import { pretty } from './pretty.ts'
import { Waterfall } from './Waterfall.tsx'

export function InvocationResult({ name, invocation }: { name: string; invocation: Invocation }) {
  const { payload, logs, requestId, tries } = invocation
  const { tone, text } = verdict(name, invocation)
  return (
    <section className={`result ${tone}`} aria-label="Result">
      <p className="verdict"><Glyph tone={tone} /> <b>{text}</b> <span className="ms">{duration(invocation.ms)} seen from here</span></p>
      <Waterfall tries={tries} />
      <h3>{invocation.functionError === null && invocation.errorType === null ? 'Answer' : 'Error'}</h3>
      <pre className="payload" tabIndex={0} aria-label="Answer">{pretty(payload)}</pre>
      {logs !== '' && <><h3>Logs</h3><pre className="logs" tabIndex={0} aria-label="Logs">{logs}</pre></>}
      <dl className="facts">
        <dt>Status</dt><dd>{invocation.status}</dd>
        {invocation.functionError !== null && <><dt>Function error</dt><dd>{invocation.functionError}</dd></>}
        {requestId !== null && <><dt>Request id</dt><dd><a href={hrefOf({ page: 'invocation', requestId })}><code>{requestId}</code></a></dd></>}
      </dl>
    </section>
  )
}

function verdict(name: string, invocation: Invocation): { tone: Tone; text: string } {
  const { functionError, errorType, edge, tries } = invocation
  if (errorType !== null) return { tone: 'bad', text: errorType }
  if (functionError !== null) return { tone: 'bad', text: `${name} failed${edge === null ? '' : ` on ${edge}`}` }
  const moved = tries.length > 1 ? ', after a failover' : ''
  return { tone: 'good', text: `${edge ?? 'An edge'} answered${moved}` }
}
