// The page: header, map, events, and a panel with whatever was opened.
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { ClusterSnapshot } from '../../ts/lib/snapshot.ts'
import { ClusterFlow } from './flow/ClusterFlow.tsx'
import { Page, type PageContext } from './mesh/context.ts'
import { freshness, type Freshness } from './mesh/state.ts'
import { useMesh } from './mesh/use-mesh.ts'
import { useNow } from './parts/use-now.ts'
import { useRoute } from './parts/use-route.ts'
import { Announcer } from './shell/Announcer.tsx'
import { Banner } from './shell/Banner.tsx'
import { Header } from './shell/Header.tsx'
import { Panel } from './shell/Panel.tsx'
import { useAccess } from './shell/use-access.ts'
import { Timeline } from './timeline/Timeline.tsx'

export function App() {
  const mesh = useMesh()
  const now = useNow()
  const { route, go } = useRoute()
  const [wide, setWide] = useState(false)
  const { snapshot } = mesh
  const { access, ask } = useAccess(snapshot?.self, mesh.elsewhere)
  const fresh = freshness(mesh, now)

  const title = titleOf(snapshot, fresh)
  useEffect(() => { document.title = title }, [title])

  const onSelect = useCallback((id: string | null) => {
    go(id === null ? { page: 'edges' } : { page: 'edge', edge: id, tab: 'overview' })
  }, [go])
  const page = useMemo((): PageContext | null => snapshot && { snapshot, mesh, access, go }, [snapshot, mesh, access, go])
  const selected = route.page === 'edge' ? route.edge : null

  return (
    <div className={`app ${fresh} ${wide ? 'wide' : ''}`}>
      <Header snapshot={snapshot} fresh={fresh} heardAt={mesh.heardAt} now={now} access={access} onAccess={ask} />
      <main>
        <Banner mesh={mesh} fresh={fresh} now={now} />
        <section className="stage" aria-label="Mesh">
          {snapshot === null
            ? <p className="waiting">{mesh.attempts > 1 ? 'No edge answers yet. Still trying.' : 'Connecting to the edge…'}</p>
            : <ClusterFlow
                key={snapshot.cluster} snapshot={snapshot} mesh={mesh} selected={selected}
                onSelect={(id) => { if (id !== null || selected !== null) onSelect(id) }}
              />}
        </section>
        <Timeline entries={mesh.timeline} go={go} />
        {page !== null && <Page value={page}><Panel route={route} wide={wide} onWide={setWide} /></Page>}
      </main>
      <Announcer entries={mesh.timeline} />
    </div>
  )
}

/** Tells a bad night from the tab alone. */
function titleOf(snapshot: ClusterSnapshot | null, fresh: Freshness): string {
  if (snapshot === null) return 'SwarmLambda'
  const down = snapshot.edges.filter((edge) => edge.state === 'down').length
  const state = fresh === 'lost' ? 'reconnecting' : down > 0 ? `${down} of ${snapshot.edges.length} edges down` : ''
  return [state, snapshot.cluster, 'SwarmLambda'].filter((part) => part !== '').join(' · ')
}
