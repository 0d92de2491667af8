// States and try classes as shapes: each differs in form as well as colour. Always beside a text.
import type { EdgeSnapshot, TryClass } from '../../../ts/lib/snapshot.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'calm'

export const STATE_TEXT = { up: 'Up', draining: 'Draining', down: 'Down' } as const

export function stateTone(state: EdgeSnapshot['state']): Tone {
  return state === 'up' ? 'good' : state === 'draining' ? 'warn' : 'bad'
}

export function classTone(kind: TryClass): Tone {
  if (kind === 'ok') return 'good'
  return kind === 'absent' || kind === 'refused' ? 'warn' : 'bad'
}

/** Good: a disc with a tick. Warn: a triangle. Bad: a square with a cross. Calm: a ring. */
export function Glyph({ tone }: { tone: Tone }) {
  return (
    <svg className={`glyph ${tone}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {tone === 'good' && <><circle cx="8" cy="8" r="7" /><path d="M4.8 8.3l2.2 2.2 4.2-4.6" /></>}
      {tone === 'warn' && <><path className="body" d="M8 1.4 15.2 14.4H.8z" /><path d="M8 6v4M8 12v.4" /></>}
      {tone === 'bad' && <><rect x="1" y="1" width="14" height="14" rx="2.5" /><path d="M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4" /></>}
      {tone === 'calm' && <circle className="ring" cx="8" cy="8" r="5" />}
    </svg>
  )
}
