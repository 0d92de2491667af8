// Whether this edge takes work, as its gateway, its peers and its own parts are told.
import type { Engine } from '../native.js'

export type State = 'starting' | 'ok' | 'draining' | 'stopping'

export interface Health {
  state(): State
  become(next: State): void
  isDraining(): boolean
}

export function openHealth(engine: Pick<Engine, 'setHealth'>, onChange: () => void): Health {
  let state: State = 'starting'
  return {
    state: () => state,
    become(next) {
      state = next
      engine.setHealth(next)
      onChange()
    },
    isDraining: () => state === 'draining' || state === 'stopping',
  }
}
