// The mesh as React state: one stream for the life of the page, and at each opening what happened before.
import { useEffect, useReducer, useRef } from 'react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { isWeb } from '../format.ts'
import { callJson } from './http.ts'
import { isHistory, isRecord } from './parse.ts'
import { emptyState, type MeshState, reduce } from './state.ts'
import { openStream } from './stream.ts'

export function useMesh(): MeshState {
  const [state, dispatch] = useReducer(reduce, emptyState)

  const others = useRef<readonly string[]>([])
  useEffect(() => { others.current = gatewaysOf(state.snapshot) }, [state.snapshot])

  useEffect(() => {
    const abort = new AbortController()
    const remember = async (): Promise<void> => {
      const body = await callJson('history', { signal: abort.signal })
      const history = isRecord(body) && Array.isArray(body['history']) ? body['history'].filter(isHistory) : []
      dispatch({ type: 'history', now: Date.now(), history })
    }
    const close = openStream('events', () => others.current, {
      onOpen: (elsewhere) => {
        dispatch({ type: 'opened', now: Date.now(), elsewhere })
        // An edge that keeps no history, or asks for a token, or is not ours: the page tells what it sees itself.
        if (elsewhere === null) remember().catch(() => undefined)
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

/** More would make the way back to one that answers long. */
const MAX_OTHERS = 6

function gatewaysOf(snapshot: ClusterSnapshot | null): string[] {
  const up = snapshot?.edges.filter(({ name, state, url }) => state === 'up' && name !== snapshot.self && isWeb(url)) ?? []
  return up.slice(0, MAX_OTHERS).map(({ url }) => url)
}
