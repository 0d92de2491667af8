// Durations counted in buckets: differences, sums, quantiles. Pure.

/** Counts by bucket, without the empty ones: index, count, index, count… */
export type Sparse = readonly number[]

/** What was counted since; a counter that went back began anew. */
export function difference(now: readonly number[], before: readonly number[] | undefined): Sparse {
  const anew = before === undefined || now.some((count, index) => count < (before[index] ?? 0))
  return now.flatMap((count, index) => {
    const more = count - (anew ? 0 : (before[index] ?? 0))
    return more > 0 ? [index, more] : []
  })
}

export function sum(all: readonly Sparse[]): Sparse {
  const counts = new Map<number, number>()
  for (const sparse of all) {
    for (let at = 0; at + 1 < sparse.length; at += 2) {
      const index = sparse[at] ?? 0
      counts.set(index, (counts.get(index) ?? 0) + (sparse[at + 1] ?? 0))
    }
  }
  return [...counts].sort(([one], [other]) => one - other).flat()
}

export const total = (sparse: Sparse): number => sparse.reduce((all, count, at) => (at % 2 === 1 ? all + count : all), 0)

/** The duration that a part `q` of them did not exceed, between the bounds of its bucket by proportion; null: there was none. */
export function quantile(sparse: Sparse, boundsMs: readonly number[], q: number): number | null {
  const wanted = total(sparse) * q
  let seen = 0
  for (let at = 0; at + 1 < sparse.length; at += 2) {
    const [index = 0, count = 0] = [sparse[at], sparse[at + 1]]
    if (seen + count >= wanted) {
      const from = index === 0 ? 0 : (boundsMs[index - 1] ?? 0)
      const to = boundsMs[index] ?? from
      return Math.round((from + ((to - from) * (wanted - seen)) / count) * 1_000) / 1_000
    }
    seen += count
  }
  return null
}
