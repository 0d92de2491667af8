// Every function of the mesh and the edges that have it, or what to do when there is none.
import { useState } from 'react'
import type { ClusterSnapshot, FunctionSnapshot } from '../../../ts/lib/snapshot.ts'
import { span } from '../format.ts'
import { Glyph } from '../parts/Glyph.tsx'
import { DeleteDialog } from './DeleteDialog.tsx'
import { EmptyMesh } from './EmptyMesh.tsx'

interface Props {
  snapshot: ClusterSnapshot | null
  now: number
  onInvoke(name: string): void
  onDeploy(): void
}

export function FunctionList({ snapshot, now, onInvoke, onDeploy }: Props) {
  const [deleting, setDeleting] = useState<string | null>(null)
  if (snapshot === null) return <p className="quiet">Waiting for the mesh.</p>
  if (snapshot.functions.length === 0) return <EmptyMesh snapshot={snapshot} onInvoke={onInvoke} onDeploy={onDeploy} />
  const functions = [...snapshot.functions].sort((a, b) => a.name < b.name ? -1 : 1)
  return (
    <>
      <ul className="functions" aria-label="Functions">
        {functions.map((fn) => (
          <li key={fn.name} data-function={fn.name}>
            <div className="function-head">
              <h3>{fn.name}</h3>
              <span className="age" title={new Date(fn.lastModified).toLocaleString()}>{span(now - fn.lastModified)} ago</span>
            </div>
            {fn.description !== '' && <p className="description">{fn.description}</p>}
            <p className="limits">
              {fn.memorySize} MB · {fn.timeout} s · {FAILOVER[fn.failover]}
              {fn.conflicts > 0 && <span className="conflict" title="Deployed on several edges at once; the latest won">
                {fn.conflicts} conflict{fn.conflicts > 1 && 's'}</span>}
            </p>
            <Holders fn={fn} snapshot={snapshot} />
            <div className="actions">
              <button type="button" onClick={() => onInvoke(fn.name)} aria-label={`Invoke ${fn.name}`}>Invoke</button>
              <button type="button" className="plain danger" onClick={() => setDeleting(fn.name)} aria-label={`Delete ${fn.name}`}>
                Delete
              </button>
            </div>
          </li>
        ))}
      </ul>
      {deleting !== null && <DeleteDialog name={deleting} onClose={() => setDeleting(null)} />}
    </>
  )
}

const FAILOVER = {
  any: 'fails over on any failure',
  safe: 'fails over only if not started',
  never: 'never fails over',
} as const

/** Up to this many edges are named one by one. */
const MAX_HOLDERS = 12

function Holders({ fn, snapshot }: { fn: FunctionSnapshot; snapshot: ClusterSnapshot }) {
  const edges = [...snapshot.edges].sort((a, b) => a.name < b.name ? -1 : 1)
  const having = edges.filter((edge) => fn.edges.includes(edge.name) && edge.state !== 'down').length
  return (
    <div className="holders">
      <span className="summary">on {having} of {edges.length} edges</span>
      {edges.length <= MAX_HOLDERS && <ul aria-label={`Edges that have ${fn.name}`}>
        {edges.map((edge) => {
          const has = fn.edges.includes(edge.name) && edge.state !== 'down'
          return (
            <li key={edge.id} className={has ? 'has' : 'lacks'} title={has ? 'loaded' : edge.state === 'down' ? 'down' : 'not loaded'}>
              <Glyph tone={has ? 'good' : edge.state === 'down' ? 'bad' : 'calm'} />{edge.name}
              <span className="sr-only">{has ? ' has it' : edge.state === 'down' ? ' is down' : ' does not have it'}</span>
            </li>
          )
        })}
      </ul>}
    </div>
  )
}
