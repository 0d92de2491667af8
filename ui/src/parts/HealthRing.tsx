// An edge's health as a ring: how much of its traffic succeeds, around the shape of its state.
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { Glyph, stateTone } from './Glyph.tsx'

const RADIUS = 15
const AROUND = 2 * Math.PI * RADIUS

export function HealthRing({ edge }: { edge: Pick<EdgeSnapshot, 'state' | 'requestsPerSecond' | 'failuresPerSecond'> }) {
  const tone = stateTone(edge.state)
  const failing = edge.state === 'down' ? 0 : failingShare(edge)
  return (
    <span className={`health ${tone}`}>
      <svg viewBox="0 0 36 36" aria-hidden="true" focusable="false">
        <circle className="whole" cx="18" cy="18" r={RADIUS} />
        {failing > 0 && <circle className="failing" cx="18" cy="18" r={RADIUS} strokeDasharray={`${failing * AROUND} ${AROUND}`} />}
      </svg>
      <Glyph tone={tone} />
    </span>
  )
}

/** 0 to 1. */
export function failingShare({ requestsPerSecond, failuresPerSecond }: Pick<EdgeSnapshot, 'requestsPerSecond' | 'failuresPerSecond'>): number {
  return failuresPerSecond <= 0 ? 0 : Math.min(1, failuresPerSecond / Math.max(requestsPerSecond, failuresPerSecond))
}
