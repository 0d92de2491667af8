// A receipt as a waterfall: each edge tried, how it ended there, and when.
import type { Try } from '../../../ts/lib/snapshot.ts'
import { duration } from '../format.ts'
import { classTone, Glyph } from '../parts/Glyph.tsx'
import { CLASS_TEXT } from './receipt.ts'

export function Waterfall({ tries, totalMs }: { tries: readonly Try[]; totalMs?: number }) {
  const sum = tries.reduce((total, each) => total + each.ms, 0)
  const whole = Math.max(sum, totalMs ?? 0) || 1
  let start = 0
  if (tries.length === 0) return null
  return (
    <ol className="waterfall" aria-label="Edges tried">
      {tries.map((each, index) => {
        const left = start
        start += each.ms
        return (
          <li key={index} className={classTone(each.class)}>
            <Glyph tone={classTone(each.class)} />
            <span className="edge-name">{each.edge}</span>
            <span className="try-class" title={CLASS_TEXT[each.class]}>{each.class}</span>
            <span className="bar" aria-hidden="true"><span style={{ left: `${(left / whole) * 100}%`, width: `${(each.ms / whole) * 100}%` }} /></span>
            <span className="ms">{duration(each.ms)}</span>
          </li>
        )
      })}
    </ol>
  )
}
