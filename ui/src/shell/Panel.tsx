// The side panel: three lists, and what was opened from them or from the map.
import { usePage } from '../mesh/context.ts'
import { EdgePage } from '../edges/EdgePage.tsx'
import { EdgeTable } from '../edges/EdgeTable.tsx'
import { DeployForm } from '../functions/DeployForm.tsx'
import { FunctionPage } from '../functions/FunctionPage.tsx'
import { FunctionTable } from '../functions/FunctionTable.tsx'
import { InvocationPage } from '../invocations/InvocationPage.tsx'
import { InvocationTable } from '../invocations/InvocationTable.tsx'
import { hrefOf, type Route } from '../route.ts'

const SECTIONS = [['functions', 'Functions'], ['edges', 'Edges'], ['invocations', 'Invocations']] as const

export function Panel({ route, wide, onWide }: { route: Route; wide: boolean; onWide(wide: boolean): void }) {
  const { snapshot } = usePage()
  const counts = { functions: snapshot.functions.length, edges: snapshot.edges.length, invocations: null }
  return (
    <section className="panel" aria-label="Details">
      <nav className="sections" aria-label="Sections">
        {SECTIONS.map(([page, label]) => (
          <a key={page} href={hrefOf({ page })} aria-current={sectionOf(route) === page ? 'page' : undefined}>
            {label}{counts[page] !== null && <span className="badge">{counts[page]}</span>}
          </a>
        ))}
        <button type="button" className="plain widen" aria-pressed={wide} onClick={() => onWide(!wide)}>{wide ? 'Narrow' : 'Widen'}</button>
      </nav>
      <Content route={route} />
    </section>
  )
}

function Content({ route }: { route: Route }) {
  switch (route.page) {
    case 'functions': return <FunctionTable />
    case 'deploy': return <DeployForm />
    case 'function': return <FunctionPage key={route.name} name={route.name} tab={route.tab} />
    case 'edges': return <EdgeTable />
    case 'edge': return <EdgePage key={route.edge} id={route.edge} tab={route.tab} />
    case 'invocations': return <InvocationTable filter={{}} />
    case 'invocation': return <InvocationPage key={route.requestId} requestId={route.requestId} />
  }
}

function sectionOf({ page }: Route): string {
  if (page === 'edge' || page === 'edges') return 'edges'
  return page === 'invocation' || page === 'invocations' ? 'invocations' : 'functions'
}
