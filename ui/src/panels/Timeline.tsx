// The event list: joins, losses, deploys, and each failover with its receipt.
import { memo, useState } from 'react'
import { clock } from '../format.ts'
import type { TimelineEntry } from '../mesh/timeline.ts'
import { Glyph } from '../parts/Glyph.tsx'
import { TryChain } from '../parts/TryChain.tsx'
import { describeEntry, groupOf, type TimelineGroup, toneOf } from './describe.ts'

const FILTERS: readonly (readonly [TimelineGroup | 'all', string])[] = [
  ['all', 'All'], ['failovers', 'Failovers'], ['edges', 'Edges'], ['functions', 'Functions'],
]

export const Timeline = memo(function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  const [filter, setFilter] = useState<TimelineGroup | 'all'>('all')
  const shown = entries.filter((entry) => filter === 'all' || groupOf(entry.kind) === filter)
  return (
    <section className="timeline" aria-labelledby="timeline-title">
      <div className="section-head">
        <h2 id="timeline-title">Events</h2>
        <div className="filters" role="group" aria-label="Show events of">
          {FILTERS.map(([key, label]) => (
            <button key={key} type="button" aria-pressed={filter === key} onClick={() => setFilter(key)}>{label}</button>
          ))}
        </div>
      </div>
      {shown.length === 0
        ? <p className="quiet">
            {filter === 'all' ? 'Nothing has happened since this page was opened.' : 'None since this page was opened.'}
          </p>
        : <ol className="entries" tabIndex={0} aria-label="Events, newest first">
            {shown.map((entry) => <Entry key={entry.id} entry={entry} />)}
          </ol>}
    </section>
  )
})

const Entry = memo(function Entry({ entry }: { entry: TimelineEntry }) {
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
          </div>
        : <p>{describeEntry(entry)}</p>}
    </li>
  )
})
