// What happened: joins, losses, deploys, and each failover with its receipt.
import { memo, useState } from 'react'
import { clock } from '../format.ts'
import { Glyph } from '../parts/Glyph.tsx'
import { TryChain } from '../parts/TryChain.tsx'
import type { Go } from '../parts/use-route.ts'
import { describeEntry, groupOf, type TimelineGroup, toneOf } from './describe.ts'
import type { TimelineEntry } from './entries.ts'
import { Strip } from './Strip.tsx'

const FILTERS: readonly (readonly [TimelineGroup | 'all', string])[] = [
  ['all', 'All'], ['failovers', 'Failovers'], ['edges', 'Edges'], ['functions', 'Functions'],
]

export const Timeline = memo(function Timeline({ entries, go }: { entries: readonly TimelineEntry[]; go: Go }) {
  const [filter, setFilter] = useState<TimelineGroup | 'all'>('all')
  const shown = entries.filter((entry) => filter === 'all' || groupOf(entry.kind) === filter)
  return (
    <section className="timeline" aria-labelledby="timeline-title">
      <div className="section-head">
        <h2 id="timeline-title">Events</h2>
        <Strip entries={shown} />
        <div className="segmented" role="group" aria-label="Show events of">
          {FILTERS.map(([key, label]) => (
            <button key={key} type="button" aria-pressed={filter === key} onClick={() => setFilter(key)}>{label}</button>
          ))}
        </div>
      </div>
      {shown.length === 0
        ? <p className="quiet">{filter === 'all' ? 'Nothing has happened yet.' : 'None yet.'}</p>
        : <ol className="entries" tabIndex={0} aria-label="Events, newest first">
            {shown.map((entry) => <Entry key={entry.id} entry={entry} go={go} />)}
          </ol>}
    </section>
  )
})

const Entry = memo(function Entry({ entry, go }: { entry: TimelineEntry; go: Go }) {
  return (
    <li className="entry" data-kind={entry.kind}>
      <time dateTime={new Date(entry.at).toISOString()}>{clock(entry.at)}</time>
      <Glyph tone={toneOf(entry)} />
      {'tries' in entry
        ? <div className="receipt">
            <p>
              <b>{entry.function}</b> {entry.kind === 'failover' ? 'failed over' : 'failed'}
              {entry.count > 1 && <span className="times" title="The same within ten seconds">×{entry.count}</span>}
            </p>
            <TryChain tries={entry.tries} />
            <button
              type="button" className="plain small" aria-label={`Open the invocation of ${entry.function}`}
              onClick={() => go({ page: 'invocation', requestId: entry.requestId })}
            >
              Open
            </button>
          </div>
        : <p>{describeEntry(entry)}</p>}
    </li>
  )
})
