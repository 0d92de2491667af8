// How long after it was written a record of each other edge was indexed here.

import type { HybridClock } from './clock.js'
import type { AnyRecord } from './record.js'
import type { Lag } from './types.js'
import type { View } from './view.js'

export interface Lags {
  indexed(record: AnyRecord): void
  of(view: Pick<View, 'logs' | 'author' | 'folded' | 'retired'>): Lag[]
}

export const openLags = (ownId: string, clock: Pick<HybridClock, 'now'>): Lags => {
  const newest = new Map<string, { at: number; lagMs: number }>()
  return {
    indexed: ({ edge, hlc: [at] }) => {
      if (edge === ownId || at < (newest.get(edge)?.at ?? 0)) return
      newest.set(edge, { at, lagMs: Math.max(0, clock.now() - at) })
    },
    of: (view) => {
      const seqs = new Map<string, number>()
      for (const log of view.logs()) {
        const edge = view.author(log)
        if (edge !== null) seqs.set(edge, (seqs.get(edge) ?? 0) + Math.max(view.folded(log), view.retired(log)))
      }
      return [...seqs].map(([edge, seq]) => ({ edge, seq, lagMs: newest.get(edge)?.lagMs ?? null }))
    },
  }
}
