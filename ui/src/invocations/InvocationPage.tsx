// One invocation, whole: its receipt, its log, what came and what was answered; and the same event again on any edge.
import type { Via } from '../../../ts/lib/snapshot.ts'
import { clock, duration } from '../format.ts'
import { classTone, Glyph } from '../parts/Glyph.tsx'
import { LogTail } from '../parts/LogTail.tsx'
import { PageHead } from '../parts/PageHead.tsx'
import { Problem } from '../parts/Problem.tsx'
import { usePoll } from '../parts/use-poll.ts'
import { hrefOf } from '../route.ts'
import { readInvocation } from './api.ts'
import { pretty } from './pretty.ts'
import { CLASS_TEXT } from './receipt.ts'
import { Replay } from './Replay.tsx'
import { Waterfall } from './Waterfall.tsx'

const EVERY_MS = 5_000

const VIA: Partial<Record<Via, string>> = {
  invoke: 'by Lambda’s Invoke', http: 'over HTTP', stream: 'streamed', event: 'from a queue', peer: 'from another edge',
}

export function InvocationPage({ requestId }: { requestId: string }) {
  const { value, error } = usePoll(requestId, EVERY_MS, (signal) => readInvocation(requestId, signal))
  const last = value?.tries.at(-1)
  return (
    <>
      <PageHead back={{ page: 'invocations' }} backLabel="Invocations" title={value?.function ?? 'Invocation'} />
      <div className="body scrolls overview">
        {value === null
          ? error === null ? <p className="quiet">Asking the edges…</p> : <Problem error={error} />
          : <>
              <p className="verdict">
                <Glyph tone={classTone(last?.class ?? 'error')} /> <b>{last?.edge ?? 'No edge'} {last ? CLASS_TEXT[last.class] : 'answered'}</b>
                <span className="ms">{duration(value.ms)} in all</span>
              </p>
              <Waterfall tries={value.tries} totalMs={value.ms} />
              <dl className="facts">
                <dt>Function</dt><dd><a href={hrefOf({ page: 'function', name: value.function, tab: 'overview' })}>{value.function}</a>{value.version !== '$LATEST' && `:${value.version}`}</dd>
                <dt>Came to</dt><dd>{value.edge}{VIA[value.via] !== undefined && `, ${VIA[value.via]}`}</dd>
                <dt>Memory</dt><dd>{Number(value.memoryMb.toFixed(1))} MB</dd>
                <dt>At</dt><dd><time dateTime={new Date(value.at).toISOString()}>{clock(value.at)}</time></dd>
                {value.error !== null && <><dt>Error</dt><dd>{value.error.type}: {value.error.message}</dd></>}
                {value.traceId !== null && <><dt>Trace</dt><dd><code>{value.traceId}</code></dd></>}
                <dt>Request id</dt><dd><code>{requestId}</code></dd>
              </dl>
              <Body title="Event" text={value.event} />
              <Body title="Result" text={value.result} />
              <section aria-label="Log of this invocation">
                <h3>Log</h3>
                {value.logs.length > 0
                  ? <pre className="logs" tabIndex={0} aria-label="Logs">{value.logs.map((line) => `${clock(line.at)} ${line.edge} ${line.message}`).join('\n')}</pre>
                  : <LogTail filter={{ requestId }} empty="It wrote no line." />}
              </section>
              <Replay invocation={value} />
            </>}
      </div>
    </>
  )
}

function Body({ title, text }: { title: string; text: string | null }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {text === null ? <p className="quiet">Not kept.</p> : <pre className="payload" tabIndex={0} aria-label={title}>{pretty(text)}</pre>}
    </section>
  )
}
