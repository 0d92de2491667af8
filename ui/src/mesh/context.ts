// What every panel may need: the mesh as it is, what this page may do, and the way to another place of the page.
import { createContext, useContext } from 'react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import type { Go } from '../parts/use-route.ts'
import type { Access } from './access.ts'
import type { MeshState } from './state.ts'

export interface PageContext {
  snapshot: ClusterSnapshot
  mesh: MeshState
  access: Access
  go: Go
}

export const Page = createContext<PageContext | null>(null)

export function usePage(): PageContext {
  const page = useContext(Page)
  if (page === null) throw new Error('a panel outside of the page')
  return page
}
