// A receipt on one line: edge-a absent 0.1 ms → edge-b ok 2.3 ms.
import type { Try } from '../../../ts/lib/snapshot.ts'
import { duration } from '../format.ts'
import { classTone, Glyph } from './Glyph.tsx'

export function TryChain({ tries }: { tries: readonly Try[] }) {
  return (
    <ol className="chain">
      {tries.map((each, index) => (
        <li key={index}>
          <Glyph tone={classTone(each.class)} />
          <span className="edge-name">{each.edge}</span> <span className="try-class">{each.class}</span>{' '}
          <span className="ms">{duration(each.ms)}</span>
        </li>
      ))}
    </ol>
  )
}
