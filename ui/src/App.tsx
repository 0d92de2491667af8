// The page: header, map, events, and the panel to deploy and invoke.
import { useCallback, useEffect, useState } from 'react'
import type { ClusterSnapshot } from '../../ts/lib/snapshot.ts'
import { ClusterFlow } from './flow/ClusterFlow.tsx'
import { freshness, type Freshness } from './mesh/state.ts'
import { useMesh } from './mesh/use-mesh.ts'
import { Announcer } from './panels/Announcer.tsx'
import { Banner } from './panels/Banner.tsx'
import { DeployForm } from './panels/DeployForm.tsx'
import { EdgeCard } from './panels/EdgeCard.tsx'
import { FunctionList } from './panels/FunctionList.tsx'
import { Header } from './panels/Header.tsx'
import { InvokeForm } from './panels/InvokeForm.tsx'
import { Timeline } from './panels/Timeline.tsx'
import { Tabs } from './parts/Tabs.tsx'
import { useNow } from './parts/use-now.ts'

type Panel = 'functions' | 'deploy' | 'invoke'

export function App() {
  const mesh = useMesh()
  const now = useNow()
  const [panel, setPanel] = useState<Panel>('functions')
  const [target, setTarget] = useState('')
  const [selected, setSelected] = useState<string | null>(null)
  const { snapshot } = mesh
  const fresh = freshness(mesh, now)
  const chosen = snapshot?.edges.find((edge) => edge.id === selected)

  const title = titleOf(snapshot, fresh)
  useEffect(() => { document.title = title }, [title])

  const onInvoke = useCallback((name: string) => {
    setTarget(name)
    setPanel('invoke')
  }, [])

  return (
    <div className={`app ${fresh}`}>
      <Header snapshot={snapshot} fresh={fresh} heardAt={mesh.heardAt} now={now} />
      <main>
        <Banner mesh={mesh} fresh={fresh} now={now} />
        <section className="stage" aria-label="Mesh">
          {snapshot === null
            ? <p className="waiting">{mesh.attempts > 1 ? 'No edge answers yet. Still trying.' : 'Connecting to the edge…'}</p>
            : <ClusterFlow
                key={snapshot.cluster} snapshot={snapshot} load={mesh.load} pulses={mesh.pulses}
                selected={selected} onSelect={setSelected}
              />}
          {snapshot !== null && chosen !== undefined
            && <EdgeCard edge={chosen} snapshot={snapshot} onClose={() => setSelected(null)} />}
        </section>
        <Timeline entries={mesh.timeline} />
        <section className="panel" aria-label="Functions">
          <Tabs<Panel>
            label="Functions" active={panel} onChange={setPanel}
            tabs={[
              {
                key: 'functions', label: 'Functions', badge: String(snapshot?.functions.length ?? 0),
                panel: <FunctionList
                  snapshot={snapshot} now={now} onInvoke={onInvoke} onDeploy={() => setPanel('deploy')}
                />,
              },
              {
                key: 'deploy', label: 'Deploy',
                panel: <DeployForm functions={snapshot?.functions ?? []} onInvoke={onInvoke} />,
              },
              {
                key: 'invoke', label: 'Invoke',
                panel: <InvokeForm functions={snapshot?.functions ?? []} target={target} onTarget={setTarget} />,
              },
            ]}
          />
        </section>
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
