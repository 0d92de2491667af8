// Every function of the mesh and on how many edges it is, or what to do when there is none.
import { useMemo, useState } from 'react'
import type { FunctionSnapshot } from '../../../ts/lib/snapshot.ts'
import { span } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { Glyph } from '../parts/Glyph.tsx'
import { useNow } from '../parts/use-now.ts'
import { VirtualList } from '../parts/VirtualList.tsx'
import { WriteButton } from '../parts/WriteButton.tsx'
import { hrefOf } from '../route.ts'
import { EmptyMesh } from './EmptyMesh.tsx'

export function FunctionTable() {
  const { snapshot, go } = usePage()
  const [search, setSearch] = useState('')
  const now = useNow()
  const names = useMemo(() => snapshot.functions.toSorted((a, b) => a.name < b.name ? -1 : 1), [snapshot.functions])
  const live = snapshot.edges.filter((edge) => edge.state !== 'down')
  if (names.length === 0) return <div className="body"><EmptyMesh /></div>
  const shown = names.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(search.trim().toLowerCase()))
  return (
    <div className="body list-body">
      <div className="list-head">
        <input type="search" placeholder="Find a function" aria-label="Find a function" value={search} onChange={(event) => setSearch(event.target.value)} />
        <WriteButton className="primary" onClick={() => go({ page: 'deploy' })}>New function</WriteButton>
      </div>
      {shown.length === 0 && <p className="quiet">No function matches.</p>}
      <VirtualList
        label="Functions" items={shown} rowHeight={52} keyOf={(fn) => fn.name}
        row={(fn) => <Row fn={fn} live={live.map((edge) => edge.name)} now={now} />}
      />
    </div>
  )
}

function Row({ fn, live, now }: { fn: FunctionSnapshot; live: readonly string[]; now: number }) {
  const having = live.filter((name) => fn.edges.includes(name)).length
  const whole = having === live.length
  return (
    <a className="row-link" data-function={fn.name} href={hrefOf({ page: 'function', name: fn.name, tab: 'overview' })}>
      <span className="row-main">
        <b>{fn.name}</b>
        {fn.conflicts > 0 && <span className="chip warn" title="Deployed on several edges at once; the latest won">conflict</span>}
        <span className="row-sub">{fn.description !== '' ? fn.description : `${fn.memorySize} MB, ${fn.timeout} s`}</span>
      </span>
      <span className="row-side">
        <span className={`holders ${whole ? '' : 'wrong'}`}><Glyph tone={whole ? 'good' : having === 0 ? 'bad' : 'warn'} /> {having} of {live.length} edges</span>
        <span className="age" title={new Date(fn.lastModified).toLocaleString()}>{span(now - fn.lastModified)} ago</span>
      </span>
    </a>
  )
}
