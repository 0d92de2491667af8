// Slows the links of a local mesh down to what the distance of their regions costs. Edges of development take it.
import type { ClusterSnapshot } from '../snapshot.js'
import { roundTripMs } from './latency.js'
import type { RunningEdge } from './local-mesh.js'

/** Each side delays what it sends by half of the round trip. */
export async function slowLinks(edges: readonly RunningEdge[]): Promise<void> {
  const up = edges.filter(({ isUp }) => isUp)
  await Promise.all(
    up.map(async (from) => {
      const { edges: known } = (await (await fetch(`${from.url}/cluster`)).json()) as ClusterSnapshot
      for (const to of up.filter((one) => one !== from)) {
        const peer = known.find(({ name }) => name === to.name)?.id
        const delayMs = roundTripMs(from.region, to.region) / 2
        if (peer === undefined || delayMs < 1) continue
        await fetch(`${from.url}/chaos`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ action: 'slow', peer, delayMs, distance: true }) })
      }
    }),
  )
}
