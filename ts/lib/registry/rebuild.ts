// Makes the view again from the logs, when what was folded should not have been: a record of a revoked edge that came
// before the news of it.

import type Corestore from 'corestore'

import type { Log } from '../log.js'
import type { HybridClock } from './clock.js'
import type { Fold } from './fold.js'
import { winnerOf } from './merge.js'
import { readStep } from './read-step.js'
import type { AnyRecord } from './record.js'
import { isRevoked, revocationsOf, type Revocations } from './revocations.js'
import { openView, REVOKED, type View } from './view.js'

/** Whether something was folded that must not count, or left out that does. */
export const needsRebuild = (view: View, revocations: Revocations): boolean =>
  view.setAside().revoked > 0 || view.logs().some((key) => {
    const counted = revocations.get(view.author(key) ?? '')
    return counted !== undefined && view.folded(key) > (counted.get(key) ?? 0)
  })

export interface RebuildOptions {
  store: Corestore
  /** Of the new view. */
  name: string
  old: View
  fold: Pick<Fold, 'core' | 'logs'>
  clock: HybridClock
  log: Log
}

/** The new view, and the winners that are others now: where nothing is left, a delete in the name of who was there. */
export const rebuild = async ({ clock, fold, log, name, old, store }: RebuildOptions): Promise<{ view: View; changed: AnyRecord[] }> => {
  const view = await openView(store, name)
  const revocations = revocationsOf(old)
  const retire = old.logs().flatMap((key) => (old.retired(key) > 0 ? [{ log: key, length: old.retired(key) }] : []))
  // Whose logs they were is known from blocks that are gone.
  for (const { log: key } of retire) await view.fold({ checkpoint: { log: key, length: 0, edge: old.author(key) ?? undefined } })
  await view.fold({ retire })
  for (const key of fold.logs()) {
    const core = fold.core(key)
    if (core === undefined) continue
    for (;;) {
      const from = Math.max(view.folded(key), view.retired(key))
      const step = await readStep({ key, core, from, view, clock, isRevoked: (record, place) => isRevoked(revocations, record, place), log })
      if (step.checkpoint.length === from) break
      await view.fold(step)
      if (!step.full) break
    }
  }
  const changed: AnyRecord[] = []
  for (const [key, state] of old.states()) {
    const before = winnerOf(state)
    const after = winnerOf(view.state(key))
    if (before === null || before.revisionId === after?.revisionId) continue
    if (after !== null) changed.push(after)
    else if (!before.deleted) changed.push({ ...before, deleted: true })
  }
  log.info('the view was made again', { because: REVOKED, changed: changed.length })
  return { view, changed }
}
