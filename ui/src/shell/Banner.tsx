// Says when what is shown is old, where else to look, and which edge took over serving the page or telling it.
import { useState } from 'react'
import { isWeb, span } from '../format.ts'
import type { Freshness, MeshState } from '../mesh/state.ts'

/** How long the page tells that another edge serves it, unless dismissed. */
const TAKEOVER_MS = 30_000
const MAX_OTHERS = 4
/** Until a proxy has settled where the page goes; what it tried in between did not stop. */
const SETTLING_MS = 5_000

/** The last takeover, from the edge that stopped. */
function takeoverOf({ timeline }: MeshState): { id: number; at: number; from: string; to: string } | null {
  const [last, ...earlier] = timeline.filter((entry) => entry.kind === 'serving')
  if (!last) return null
  let first = last
  for (const entry of earlier) {
    if (entry.to !== first.from || first.at - entry.at > SETTLING_MS) break
    first = entry
  }
  return first.from === last.to ? null : { ...last, from: first.from }
}

export function Banner({ mesh, fresh, now }: { mesh: MeshState; fresh: Freshness; now: number }) {
  const [dismissed, setDismissed] = useState(0)
  const { elsewhere, heardAt, snapshot } = mesh
  if (snapshot !== null && (fresh === 'lost' || fresh === 'stale')) {
    const others = snapshot.edges.filter((edge) => edge.name !== snapshot.self && edge.state === 'up' && isWeb(edge.url))
    return (
      <div className="banner warn" role="status">
        <p>
          <b>{snapshot.self}</b> has not been heard for {span(now - (heardAt ?? now))}. What you see is from then; trying again.
          {others.length > 0 && <> This page is also at {others.slice(0, MAX_OTHERS).map((edge, index) => (
            <span key={edge.id}>{index > 0 && ', '}<a href={`${edge.url.replace(/\/$/, '')}/${location.hash}`}>{edge.name}</a></span>
          ))}.</>}
        </p>
      </div>
    )
  }
  const takeover = takeoverOf(mesh)
  const from = takeover?.from ?? 'The edge'
  if (elsewhere !== null) {
    return (
      <div className="banner warn" role="status">
        <p>
          <b>{from}</b> stopped serving this page. It reconnected to <b>{snapshot?.self}</b>, which tells what you see until {from} is
          back. An edge takes changes only from a page of its own.
        </p>
        <a className="button" href={`${elsewhere.replace(/\/$/, '')}/${location.hash}`}>Go on at {snapshot?.self}</a>
      </div>
    )
  }
  if (takeover === null || takeover.id === dismissed || now - takeover.at > TAKEOVER_MS) return null
  return (
    <div className="banner" role="status">
      <p><b>{takeover.from}</b> stopped serving this page. It reconnected and <b>{takeover.to}</b> serves it now.</p>
      <button type="button" onClick={() => setDismissed(takeover.id)}>Dismiss</button>
    </div>
  )
}
