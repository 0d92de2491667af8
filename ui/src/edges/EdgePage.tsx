// One edge: its load, its links, its functions, its log and its configuration; and what can be done to it.
import { useState } from 'react'
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { usePage } from '../mesh/context.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { Glyph, stateTone } from '../parts/Glyph.tsx'
import { LogTail } from '../parts/LogTail.tsx'
import { PageHead } from '../parts/PageHead.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Tabs } from '../parts/Tabs.tsx'
import { useTask } from '../parts/use-task.ts'
import { VirtualList } from '../parts/VirtualList.tsx'
import { WriteButton } from '../parts/WriteButton.tsx'
import { type EdgeTab, hrefOf } from '../route.ts'
import { commandEdge } from './api.ts'
import { EdgeOverview } from './EdgeOverview.tsx'

export function EdgePage({ id, tab }: { id: string; tab: EdgeTab }) {
  const { snapshot, go } = usePage()
  const edge = snapshot.edges.find((each) => each.id === id)
  if (edge === undefined) {
    return (
      <>
        <PageHead back={{ page: 'edges' }} backLabel="Edges" title="Unknown edge" />
        <p className="body quiet">This mesh knows no edge of this key now.</p>
      </>
    )
  }
  return (
    <>
      <PageHead back={{ page: 'edges' }} backLabel="Edges" title={<><Glyph tone={stateTone(edge.state)} /> {edge.name}</>}>
        {edge.state !== 'down' && <Commands edge={edge} />}
      </PageHead>
      <Tabs<EdgeTab>
        label={`Edge ${edge.name}`} active={tab} onChange={(next) => go({ page: 'edge', edge: id, tab: next })}
        tabs={[
          { key: 'overview', label: 'Overview', panel: () => <EdgeOverview edge={edge} /> },
          { key: 'functions', label: 'Functions', fills: true, panel: () => <Functions edge={edge} /> },
          { key: 'logs', label: 'Logs', fills: true, panel: () => <LogTail filter={{ edge: edge.name }} empty="Nothing logged here yet. Lines of functions that run on this edge appear as they are written." /> },
        ]}
      />
    </>
  )
}

function Commands({ edge }: { edge: EdgeSnapshot }) {
  const { access } = usePage()
  const [stopping, setStopping] = useState(false)
  const draining = edge.state === 'draining'
  const task = useTask(() => commandEdge(edge.id, { command: draining ? 'undrain' : 'drain' }))
  return (
    <>
      <WriteButton
        disabled={task.busy} onClick={task.run}
        title={draining ? 'Takes requests again' : 'New requests go to other edges; what runs may end'}
      >
        {draining ? 'Undrain' : 'Drain'}
      </WriteButton>
      {access.chaos && <WriteButton className="plain danger" title="Ends the process at once, as a power cut would" onClick={() => setStopping(true)}>Stop</WriteButton>}
      <Problem error={task.error} />
      {stopping && <ConfirmDialog
        title={`Stop ${edge.name}?`} action="Stop it" run={() => commandEdge(edge.id, { command: 'chaos', action: 'stop' })}
        onClose={() => setStopping(false)}
      >
        <p>The process ends at once, without a good-bye. Whoever supervises it may start it again.</p>
      </ConfirmDialog>}
    </>
  )
}

function Functions({ edge }: { edge: EdgeSnapshot }) {
  const { snapshot } = usePage()
  const loaded = snapshot.functions.filter((fn) => fn.edges.includes(edge.name)).sort((a, b) => a.name < b.name ? -1 : 1)
  if (loaded.length === 0) return <p className="quiet">{edge.state === 'down' ? 'Not known while it is down.' : 'It has no function loaded.'}</p>
  return (
    <VirtualList
      label={`Functions on ${edge.name}`} items={loaded} rowHeight={36} keyOf={(fn) => fn.name}
      row={(fn) => (
        <a className="row-link small" href={hrefOf({ page: 'function', name: fn.name, tab: 'overview' })}>
          <span className="row-main"><b>{fn.name}</b></span>
          <span className="row-side"><span className="age">{fn.memorySize} MB · {fn.timeout} s</span></span>
        </a>
      )}
    />
  )
}
