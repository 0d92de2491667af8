// The route as React state; the browser's Back and Forward move through it.
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { hrefOf, parseRoute, type Route } from '../route.ts'

export type Go = (route: Route) => void

export function useRoute(): { route: Route; go: Go } {
  const fragment = useSyncExternalStore(subscribe, () => location.hash)
  const route = useMemo(() => parseRoute(fragment), [fragment])
  const go = useCallback((next: Route) => { location.hash = hrefOf(next) }, [])
  return { route, go }
}

function subscribe(onChange: () => void): () => void {
  addEventListener('hashchange', onChange)
  return () => removeEventListener('hashchange', onChange)
}
