// A minute of load: requests as an area, failures as a line over it.
import { memo } from 'react'
import type { LoadPoint } from '../mesh/state.ts'

const WIDTH = 60
const HEIGHT = 20

export const Sparkline = memo(function Sparkline({ points }: { points: readonly LoadPoint[] }) {
  const top = Math.max(1, ...points.map((point) => Math.max(point.requests, point.failures)))
  const line = (pick: (point: LoadPoint) => number): string =>
    points.map((point, index) => {
      const x = WIDTH - points.length + index + 1
      return `${x},${(HEIGHT - (pick(point) / top) * (HEIGHT - 2)).toFixed(1)}`
    }).join(' ')
  const first = WIDTH - points.length + 1
  const requests = line((point) => point.requests)
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {points.length > 1 && <>
        <polygon points={`${first},${HEIGHT} ${requests} ${WIDTH},${HEIGHT}`} />
        <polyline className="requests" points={requests} />
        {points.some((point) => point.failures > 0)
          && <polyline className="failures" points={line((point) => point.failures)} />}
      </>}
    </svg>
  )
})
