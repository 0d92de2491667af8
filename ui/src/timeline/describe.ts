// Timeline entries as sentences. Pure.
import { CLASS_TEXT } from '../invocations/receipt.ts'
import { outcome, type TimelineChange, type TimelineKind } from './entries.ts'
import type { Tone } from '../parts/Glyph.tsx'

export type TimelineGroup = 'failovers' | 'edges' | 'functions'

export function groupOf(kind: TimelineKind): TimelineGroup {
  if (kind === 'failover' || kind === 'failure') return 'failovers'
  return kind === 'deployed' || kind === 'updated' || kind === 'deleted' || kind === 'conflict' ? 'functions' : 'edges'
}

export function toneOf(change: TimelineChange): Tone {
  switch (change.kind) {
    case 'lost': return 'bad'
    case 'joined': case 'back': return 'good'
    case 'draining': case 'serving': case 'conflict': case 'ejected': return 'warn'
    case 'failover': return outcome(change.tries) === 'ok' ? 'warn' : 'bad'
    case 'failure': return 'bad'
    default: return 'calm'
  }
}

export function describeEntry(change: TimelineChange): string {
  switch (change.kind) {
    case 'joined': return `${change.edge} joined in ${change.region}`
    case 'back': return `${change.edge} is back in ${change.region}`
    case 'lost': return `${change.edge} in ${change.region} was lost`
    case 'draining': return `${change.edge} in ${change.region} is draining`
    case 'deployed': return `${change.function} was deployed`
    case 'updated': return `${change.function} was updated`
    case 'deleted': return `${change.function} was deleted`
    case 'conflict': return `${change.function} was deployed at the same time on ${change.versions + 1} edges; the latest won`
    case 'ejected': return `${change.edge} sends ${change.peer} nothing for a while: it kept failing`
    case 'readmitted': return `${change.edge} sends ${change.peer} invocations again`
    case 'rotated': return `${change.edge} uses a new cluster key`
    case 'serving': return `${change.to} serves this page now, after ${change.from}`
    case 'failure': {
      const last = change.tries.at(-1)
      return `${change.function} failed on ${last?.edge}: ${last ? CLASS_TEXT[last.class] : ''}`
    }
    case 'failover': {
      const last = change.tries.at(-1)
      const first = change.tries[0]
      const end = last?.class === 'ok' ? `${last.edge} answered` : `${last?.edge} ${last ? CLASS_TEXT[last.class] : ''} too`
      return `${change.function} failed over: ${first?.edge} ${first ? CLASS_TEXT[first.class] : ''}, ${end}`
    }
  }
}
