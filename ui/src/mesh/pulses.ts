// What moves on the canvas: a failover travelling along its link, and a ring on the edge that answered. Pure.
import type { ClusterSnapshot, InvocationEvent, TryClass } from '../../../ts/lib/snapshot.ts'

export interface Pulse {
  id: number
  /** Edge ids. `from` is `null` for an invocation that the first edge answered. */
  from: string | null
  to: string
  /** How the try at `from` ended; of `to` when there is no `from`. */
  cause: TryClass
  function: string
  /** When it is over; milliseconds since the epoch by this page's clock. */
  until: number
}

export const PULSE_MS = 1_600
/** More at once could not be told apart. */
const MAX_PULSES = 24

export function pulsesOf(
  state: { snapshot: ClusterSnapshot | null; pulses: readonly Pulse[]; nextId: number },
  invocations: readonly InvocationEvent[],
  now: number,
): { pulses: readonly Pulse[]; nextId: number } {
  const ids = new Map(state.snapshot?.edges.map((edge) => [edge.name, edge.id]))
  const until = now + PULSE_MS
  let nextId = state.nextId
  const fresh = invocations.flatMap(({ tries, function: name }) =>
    tries.flatMap((each, index): Pulse[] => {
      const to = ids.get(each.edge)
      const previous = tries[index - 1]
      if (to === undefined) return []
      if (previous === undefined) {
        return tries.length > 1 ? [] : [{ id: nextId++, from: null, to, cause: each.class, function: name, until }]
      }
      const from = ids.get(previous.edge) ?? null
      return [{ id: nextId++, from, to, cause: previous.class, function: name, until }]
    }))
  return { pulses: [...state.pulses, ...fresh].slice(-MAX_PULSES), nextId }
}
