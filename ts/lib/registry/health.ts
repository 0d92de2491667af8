// Whether the store can go on: a store that is damaged, or takes no writes any more, has to be opened again.

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import { kindOf, markDamaged } from './damage.js'
import { openSpace, type Space } from './space.js'

export interface Health extends Disposable {
  readonly space: Pick<Space, 'need' | 'isLow'>
  /** What an operation of the store failed with; what its caller is told instead. */
  failed(error: unknown): Error
  /** The same of what it failed with when it was opened: it is damaged, if anything. */
  failedToOpen(error: unknown): Promise<Error>
}

/** Nothing more can be written, or trusted, until the store is opened again. */
export interface Broken {
  reason: string
  /** It should work when it is opened again; should it not, its disk is not to be trusted. */
  unexplained: boolean
  /** It must not be opened again. */
  final?: SwarmError
}

export interface HealthOptions {
  stateDir: string
  onBroken: (broken: Broken) => void
  log: Log
}

export const openHealth = ({ log, onBroken, stateDir }: HealthOptions): Health => {
  let stuck = false
  let told = false
  /** Once. */
  const tell = (reason: string, unexplained = false): void => {
    if (told) return
    told = true
    onBroken({ reason, unexplained })
  }
  const space = openSpace(
    stateDir,
    () => {
      if (stuck) tell('there is room on the disk again')
    },
    log,
  )
  return {
    space,
    failed: (error) => {
      const kind = kindOf(error)
      if (error instanceof SwarmError || kind === 'other') return error instanceof Error ? error : new Error(messageOf(error))
      if (kind === 'damaged') {
        log.error('the store is damaged', { reason: messageOf(error) })
        markDamaged(stateDir).then(
          () => tell('the store is damaged'),
          (reason: unknown) => log.error('the damaged store was not marked', { reason: messageOf(reason) }),
        )
        return new SwarmError('STORE_DAMAGED', `the store of this edge is damaged: it starts anew, and fetches from the others`, { cause: error })
      }
      stuck = true
      if (kind === 'full' || space.isLow()) return new SwarmError('DISK_FULL', 'the disk of this edge is full', { cause: error })
      tell('the store takes no more writes', true)
      return new SwarmError('CLOSED', 'the store of this edge takes no more writes: it is opened again', { cause: error })
    },
    failedToOpen: async (error) => {
      const kind = kindOf(error)
      if (error instanceof SwarmError || kind === 'other') return error instanceof Error ? error : new Error(messageOf(error))
      if (kind === 'full') return new SwarmError('DISK_FULL', 'the disk of this edge is full', { cause: error })
      await markDamaged(stateDir)
      return new SwarmError('STORE_DAMAGED', `the store of this edge is damaged: ${messageOf(error)}`, { cause: error })
    },
    [Symbol.dispose]: () => {
      space[Symbol.dispose]()
    },
  }
}
