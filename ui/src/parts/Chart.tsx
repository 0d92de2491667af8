// A small chart over time: bars or lines, the axis below, the largest value above. Bars stack.
import type { ReactNode } from 'react'

export interface Mark {
  kind: 'bar' | 'line'
  tone: 'accent' | 'bad' | 'warn' | 'muted'
  label: string
  /** Null: nothing to draw there. */
  values: readonly (number | null)[]
}

interface Props {
  title: string
  /** Said instead of the picture. */
  summary: string
  marks: readonly Mark[]
  format(value: number): string
  /** Below the left and the right end. */
  ends: readonly [string, string]
  legend?: ReactNode
}

const WIDTH = 300
const HEIGHT = 64

export function Chart({ title, summary, marks, format, ends }: Props) {
  const length = Math.max(1, ...marks.map(({ values }) => values.length))
  const bars = marks.filter(({ kind }) => kind === 'bar')
  const stacked = Array.from({ length }, (_, index) => bars.reduce((sum, { values }) => sum + (values[index] ?? 0), 0))
  const lines = marks.filter(({ kind }) => kind === 'line').flatMap(({ values }) => values.flatMap((value) => value ?? []))
  const top = Math.max(...stacked, ...lines, 0)
  const y = (value: number): number => HEIGHT - (top === 0 ? 0 : (value / top) * (HEIGHT - 2))
  const step = WIDTH / length
  return (
    <figure className="chart">
      <figcaption>
        <span className="chart-title">{title}</span>
        <span className="legend" aria-hidden="true">
          {marks.map(({ label, tone, kind }) => <span key={label} className={`${tone} ${kind}`}>{label}</span>)}
        </span>
        <span className="top" aria-hidden="true">{top === 0 ? '' : format(top)}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <path className="grid" d={`M0,${HEIGHT / 2}H${WIDTH}M0,1H${WIDTH}`} />
        {bars.map(({ label, tone, values }, layer) => values.map((value, index) => {
          if (value === null || value === 0) return null
          const below = bars.slice(0, layer).reduce((sum, bar) => sum + (bar.values[index] ?? 0), 0)
          return (
            <rect
              key={`${label}${index}`} className={tone} x={index * step + step * 0.12} width={step * 0.76}
              y={y(below + value)} height={Math.max(1, y(below) - y(below + value))}
            />
          )
        }))}
        {marks.filter(({ kind }) => kind === 'line').map(({ label, tone, values }) => (
          <path key={label} className={`stroke ${tone}`} d={lineOf(values, step, y)} />
        ))}
        <path className="axis" d={`M0,${HEIGHT}H${WIDTH}`} />
      </svg>
      <p className="ends" aria-hidden="true"><span>{ends[0]}</span><span>{ends[1]}</span></p>
    </figure>
  )
}

/** Gaps where nothing was measured; a lone point is a short dash. */
function lineOf(values: readonly (number | null)[], step: number, y: (value: number) => number): string {
  let drawing = false
  return values.map((value, index) => {
    if (value === null) {
      drawing = false
      return ''
    }
    const x = (index + 0.5) * step
    const alone = !drawing && (values[index + 1] ?? null) === null
    const part = alone ? `M${x - step * 0.3},${y(value)}h${step * 0.6}` : `${drawing ? 'L' : 'M'}${x},${y(value)}`
    drawing = true
    return part
  }).join('')
}
