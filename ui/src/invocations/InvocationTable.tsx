// Recent invocations of all edges, the newest first.
import { useState } from 'react'
import type { InvocationSummary } from '../../../ts/lib/snapshot.ts'
import { clock, duration } from '../format.ts'
import { classTone, Glyph } from '../parts/Glyph.tsx'
import { Problem } from '../parts/Problem.tsx'
import { usePoll } from '../parts/use-poll.ts'
import { VirtualList } from '../parts/VirtualList.tsx'
import { hrefOf } from '../route.ts'
import { type Filter, readInvocations } from './api.ts'

const EVERY_MS = 2_000

export function InvocationTable({ filter }: { filter: Filter }) {
  return <div className="body list-body"><InvocationList filter={filter} /></div>
}

export function InvocationList({ filter }: { filter: Filter }) {
  const { value, error } = usePoll(JSON.stringify(filter), EVERY_MS, (signal) => readInvocations(filter, signal))
  const [kind, setKind] = useState<'all' | 'failed' | 'moved'>('all')
  const shown = (value ?? []).filter((each) =>
    kind === 'all' || (kind === 'failed' ? each.tries.at(-1)?.class !== 'ok' : each.tries.length > 1))
  return (
    <div className="list-body">
      <div className="list-head">
        <div className="segmented" role="group" aria-label="Show">
          {([['all', 'All'], ['failed', 'Failed'], ['moved', 'Failed over']] as const).map(([key, label]) => (
            <button key={key} type="button" aria-pressed={kind === key} onClick={() => setKind(key)}>{label}</button>
          ))}
        </div>
      </div>
      <Problem error={value === null ? error : null} />
      {value !== null && shown.length === 0 && <p className="quiet">{kind === 'all' ? 'No invocation is remembered. Each edge keeps its latest.' : 'None among the latest.'}</p>}
      {shown.length > 0 && <VirtualList
        label="Recent invocations" items={shown} rowHeight={52} keyOf={(each) => each.requestId}
        row={(each) => <Row invocation={each} showsFunction={filter.function === undefined} />}
      />}
    </div>
  )
}

function Row({ invocation, showsFunction }: { invocation: InvocationSummary; showsFunction: boolean }) {
  const last = invocation.tries.at(-1)
  const moved = invocation.tries.length > 1
  const tone = last?.class === 'ok' ? moved ? 'warn' : 'good' : classTone(last?.class ?? 'error')
  return (
    <a className="row-link" data-request={invocation.requestId} href={hrefOf({ page: 'invocation', requestId: invocation.requestId })}>
      <span className="row-main">
        <b><Glyph tone={tone} /> {showsFunction ? invocation.function : last?.edge ?? ''}</b>
        <span className="row-sub">{invocation.tries.map((each) => `${each.edge} ${each.class}`).join(' → ')}</span>
      </span>
      <span className="row-side">
        <span>{duration(invocation.ms)}</span>
        <time className="age" dateTime={new Date(invocation.at).toISOString()}>{clock(invocation.at)}</time>
      </span>
    </a>
  )
}
