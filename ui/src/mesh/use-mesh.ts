// The mesh as React state: one stream for the life of the page.
import { useEffect, useReducer } from 'react'
import { emptyState, type MeshState, reduce } from './state.ts'
import { openStream } from './stream.ts'

export function useMesh(): MeshState {
  const [state, dispatch] = useReducer(reduce, emptyState)

  useEffect(() => openStream('events', {
    onOpen: () => dispatch({ type: 'opened', now: Date.now() }),
    onLost: () => dispatch({ type: 'lost' }),
    onSnapshot: (snapshot) => dispatch({ type: 'snapshot', now: Date.now(), snapshot }),
    onInvocations: (invocations) => dispatch({ type: 'invocations', now: Date.now(), invocations }),
  }), [])

  const { pulses } = state
  useEffect(() => {
    if (pulses.length === 0) return
    const next = Math.min(...pulses.map((pulse) => pulse.until))
    const timer = setTimeout(() => dispatch({ type: 'faded', now: Date.now() }), Math.max(next - Date.now(), 0) + 10)
    return () => clearTimeout(timer)
  }, [pulses])

  return state
}
