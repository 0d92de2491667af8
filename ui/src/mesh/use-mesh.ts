// The mesh as React state: one stream for the life of the page, and at each opening what happened before.
import { useEffect, useReducer } from 'react'
import { callJson } from './http.ts'
import { isHistory, isRecord } from './parse.ts'
import { emptyState, type MeshState, reduce } from './state.ts'
import { openStream } from './stream.ts'

export function useMesh(): MeshState {
  const [state, dispatch] = useReducer(reduce, emptyState)

  useEffect(() => {
    const abort = new AbortController()
    const remember = async (): Promise<void> => {
      const body = await callJson('history', { signal: abort.signal })
      const history = isRecord(body) && Array.isArray(body['history']) ? body['history'].filter(isHistory) : []
      dispatch({ type: 'history', now: Date.now(), history })
    }
    const close = openStream('events', {
      onOpen: () => {
        dispatch({ type: 'opened', now: Date.now() })
        // An edge that keeps no history, or asks for a token: the page tells what it sees itself.
        remember().catch(() => undefined)
      },
      onLost: () => dispatch({ type: 'lost' }),
      onSnapshot: (snapshot) => dispatch({ type: 'snapshot', now: Date.now(), snapshot }),
      onInvocations: (invocations) => dispatch({ type: 'invocations', now: Date.now(), invocations }),
      onHistory: (event) => dispatch({ type: 'history', now: Date.now(), history: [event] }),
    })
    return () => {
      abort.abort()
      close()
    }
  }, [])

  const { pulses } = state
  useEffect(() => {
    if (pulses.length === 0) return
    const next = Math.min(...pulses.map((pulse) => pulse.until))
    const timer = setTimeout(() => dispatch({ type: 'faded', now: Date.now() }), Math.max(next - Date.now(), 0) + 10)
    return () => clearTimeout(timer)
  }, [pulses])

  return state
}
