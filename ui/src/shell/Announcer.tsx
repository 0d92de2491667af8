// Tells a screen reader what the map shows by colour and motion.
import type { TimelineEntry } from '../timeline/entries.ts'
import { describeEntry } from '../timeline/describe.ts'

export function Announcer({ entries }: { entries: readonly TimelineEntry[] }) {
  const latest = entries[0]
  return <div className="sr-only" role="status" aria-live="polite">{latest ? describeEntry(latest) : ''}</div>
}
