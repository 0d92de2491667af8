// Slows the links of a local mesh down to what the distance of their regions costs. Edges of development take it.
import type { RunningEdge } from './local-mesh.js'
import { roundTripMs } from './latency.js'

/** Each side delays what it sends by half of the round trip. */
export async function slowLinks(edges: readonly RunningEdge[]): Promise<void> {
  for (const from of edges.filter(({ isUp }) => isUp)) {
    for (const to of edges.filter((one) => one.isUp && one !== from)) {
      await fetch(`${from.url}/chaos`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ edge: to.name, delayMs: roundTripMs(from.region, to.region) / 2 }),
      }).catch(() => null)
    }
  }
}
