// Zoom, fit, and how the edges are laid out.
import type { Layout } from './places.ts'

interface Props {
  layout: Layout
  onLayout(layout: Layout): void
  onFit(): void
  onZoom(closer: boolean): void
  onReset(): void
}

const LAYOUTS: readonly (readonly [Layout, string, string])[] = [
  ['geography', 'Geography', 'Edges where they are on the map'],
  ['graph', 'Round trips', 'Edges near those that answer quickly'],
]

export function ViewButtons({ layout, onLayout, onFit, onZoom, onReset }: Props) {
  return (
    <div className="flow-buttons">
      <div className="segmented" role="group" aria-label="Layout">
        {LAYOUTS.map(([key, label, title]) => (
          <button key={key} type="button" aria-pressed={layout === key} title={title} onClick={() => onLayout(key)}>{label}</button>
        ))}
      </div>
      <div className="segmented" role="group" aria-label="View">
        <button type="button" aria-label="Zoom out" onClick={() => onZoom(false)}>−</button>
        <button type="button" aria-label="Zoom in" onClick={() => onZoom(true)}>+</button>
        <button type="button" onClick={onFit}>Fit</button>
        <button type="button" title="Put every edge back where this layout has it" onClick={onReset}>Reset layout</button>
      </div>
    </div>
  )
}
