// What part of the map is in sight: all of it, until a person has panned or zoomed; then the view is theirs.
import type { ReactFlowInstance } from '@xyflow/react'
import { type RefObject, useCallback, useEffect, useRef } from 'react'
import type { LinkFlowEdge } from './LinkEdge.tsx'
import type { FlowNode } from './nodes.ts'

export interface View {
  stage: RefObject<HTMLDivElement | null>
  fit(smooth: boolean): void
  /** A person moved the view, or something on it. */
  touch(): void
}

const FIT = { padding: 0.09, maxZoom: 1.05 }
const SMOOTH_MS = 250

export function useView(flow: ReactFlowInstance<FlowNode, LinkFlowEdge> | null, edges: number): View {
  const stage = useRef<HTMLDivElement>(null)
  const touched = useRef(false)

  const fit = useCallback((smooth: boolean) => {
    touched.current = false
    void flow?.fitView({ ...FIT, duration: smooth ? SMOOTH_MS : 0 })
  }, [flow])
  const touch = useCallback(() => { touched.current = true }, [])

  useEffect(() => {
    if (!touched.current) fit(false)
  }, [edges, fit])

  useEffect(() => {
    if (!stage.current) return
    const observer = new ResizeObserver(() => { if (!touched.current) fit(false) })
    observer.observe(stage.current)
    return () => observer.disconnect()
  }, [fit])

  return { stage, fit, touch }
}
