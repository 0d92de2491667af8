// How much of a node is drawn: from afar less, and larger, so that five hundred edges stay readable and cheap.
import { type ReactFlowState, useStore } from '@xyflow/react'

/** `full`: all figures. `brief`: name, state, requests. `dot`: its shape and colour. */
export type Detail = 'full' | 'brief' | 'dot'

const FULL_FROM_ZOOM = 0.52
const BRIEF_FROM_ZOOM = 0.2

export function detailAt(zoom: number): Detail {
  if (zoom >= FULL_FROM_ZOOM) return 'full'
  return zoom >= BRIEF_FROM_ZOOM ? 'brief' : 'dot'
}

/** Changes only when the zoom crosses a limit. */
export function useDetail(): Detail {
  return useStore(ofState)
}

const ofState = (state: ReactFlowState): Detail => detailAt(state.transform[2])
