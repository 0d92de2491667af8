// The last quarter of an hour at a glance: when something happened, and how bad it was.
import { count } from '../format.ts'
import type { Tone } from '../parts/Glyph.tsx'
import { useNow } from '../parts/use-now.ts'
import { toneOf } from './describe.ts'
import type { TimelineEntry } from './entries.ts'

const SPAN_MS = 15 * 60_000
const SLOTS = 60
const EVERY_MS = 5_000
const RANK: readonly Tone[] = ['calm', 'good', 'warn', 'bad']

export function Strip({ entries }: { entries: readonly TimelineEntry[] }) {
  const now = useNow(EVERY_MS)
  const slots: (Tone | null)[] = Array.from({ length: SLOTS }, () => null)
  let happened = 0
  for (const entry of entries) {
    const slot = SLOTS - 1 - Math.floor(Math.max(0, now - entry.at) / (SPAN_MS / SLOTS))
    if (slot < 0) continue
    happened += 1
    const before = slots[slot] ?? null
    const tone = toneOf(entry)
    if (before === null || RANK.indexOf(tone) > RANK.indexOf(before)) slots[slot] = tone
  }
  return (
    <svg className="strip" viewBox={`0 0 ${SLOTS} 10`} preserveAspectRatio="none" role="img" aria-label={`${count(happened, 'event')} in the last 15 minutes`}>
      {slots.map((tone, index) => (
        <rect key={index} className={tone ?? 'none'} x={index + 0.15} width={0.7} y={tone === null ? 8 : tone === 'bad' ? 0 : tone === 'warn' ? 2.5 : 5} height={tone === null ? 2 : tone === 'bad' ? 10 : tone === 'warn' ? 7.5 : 5} />
      ))}
    </svg>
  )
}
