// The links of one edge, in a lasting order; in development each can be cut, slowed, and mended.
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { duration } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { isStrained, type Link, linkKind, linkText, mergeLinks, neighboursOf } from '../mesh/links.ts'
import { Glyph } from '../parts/Glyph.tsx'
import { Problem } from '../parts/Problem.tsx'
import { useTask } from '../parts/use-task.ts'
import { WriteButton } from '../parts/WriteButton.tsx'
import { hrefOf } from '../route.ts'
import { commandEdge, type EdgeCommand } from './api.ts'

const SLOW_MS = 200
const MAX_LISTED = 40

export function LinkList({ edge }: { edge: EdgeSnapshot }) {
  const { snapshot } = usePage()
  const links = mergeLinks(snapshot.links, snapshot.edges).filter((link) => link.a === edge.id || link.b === edge.id)
  return (
    <section aria-label="Links">
      <h3>Links</h3>
      {links.length === 0
        ? <p className="quiet">None: it is alone.</p>
        : <ul className="links">
            {neighboursOf(edge.id, links, snapshot.edges, MAX_LISTED)
              .map(({ link, peer, name }) => <Row key={link.id} edge={edge} link={link} peer={peer} name={name} />)}
          </ul>}
      {links.length > MAX_LISTED && <p className="quiet">and {links.length - MAX_LISTED} more</p>}
    </section>
  )
}

function Row({ edge, link, peer, name }: { edge: EdgeSnapshot; link: Link; peer: string; name: string }) {
  const { access } = usePage()
  const tone = !link.up ? 'bad' : isStrained(link) ? 'warn' : 'good'
  const impaired = link.chaos !== null && link.chaos.distance !== true
  return (
    <li data-link={name}>
      <Glyph tone={tone} />
      <a className="edge-name" href={hrefOf({ page: 'edge', edge: peer, tab: 'overview' })}>{name}</a>
      <span className="quiet link-how">{[linkKind(link), linkText(link, duration)].filter((part) => part !== null).join(' · ')}</span>
      {access.chaos && edge.state !== 'down' && <span className="actions">
        {impaired
          ? <Chaos edge={link.chaos?.by ?? edge.id} name={name} label="Mend" command={{ command: 'chaos', action: 'mend', peer: link.chaos?.by === peer ? edge.id : peer }} />
          : link.up && <>
              <Chaos edge={edge.id} name={name} label="Slow" command={{ command: 'chaos', action: 'slow', peer, delayMs: SLOW_MS }} />
              <Chaos edge={edge.id} name={name} label="Cut" command={{ command: 'chaos', action: 'cut', peer }} />
            </>}
      </span>}
    </li>
  )
}

function Chaos({ edge, name, label, command }: { edge: string; name: string; label: string; command: EdgeCommand }) {
  const task = useTask(() => commandEdge(edge, command))
  return (
    <>
      <WriteButton className="small" disabled={task.busy} aria-label={`${label} the link to ${name}`} onClick={task.run}>{label}</WriteButton>
      <Problem error={task.error} />
    </>
  )
}
