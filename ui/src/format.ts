// Numbers and times as people read them. Pure.

/** `0`, `0.4`, `12`, `1.2k`. */
export function rate(perSecond: number): string {
  if (perSecond >= 1_000_000) return `${trim(perSecond / 1_000_000)}M`
  if (perSecond >= 1000) return `${trim(perSecond / 1000)}k`
  return perSecond >= 10 ? String(Math.round(perSecond)) : trim(perSecond)
}

/** `0.12 ms`, `3.4 ms`, `85 ms`, `1.2 s`. */
export function duration(ms: number): string {
  if (ms >= 1000) return `${trim(ms / 1000)} s`
  if (ms >= 10) return `${Math.round(ms)} ms`
  return ms >= 1 ? `${trim(ms)} ms` : `${Number(ms.toFixed(2))} ms`
}

/** As {@link duration} where there is room for a few characters; `–` for nothing. */
export function milliseconds(ms: number | null): string {
  if (ms === null) return '–'
  if (ms >= 1000) return `${trim(ms / 1000)}s`
  return `${ms >= 10 ? Math.round(ms) : trim(ms)}ms`
}

/** `1.2 kB`, `3.4 MB`. */
export function bytes(amount: number): string {
  if (amount >= 1_000_000) return `${trim(amount / 1_000_000)} MB`
  return amount >= 1000 ? `${trim(amount / 1000)} kB` : `${amount} B`
}

/** `4 s`, `12 min`, `3 h`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/** `1 edge`, `3 edges`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}

/** `37.6° N, 122.4° W`. */
export function coordinates(latitude: number, longitude: number): string {
  const degrees = (value: number): string => Math.abs(value).toFixed(1)
  return `${degrees(latitude)}° ${latitude < 0 ? 'S' : 'N'}, ${degrees(longitude)}° ${longitude < 0 ? 'W' : 'E'}`
}

/** Whether a text is the address of a gateway. */
export function isWeb(url: string): boolean {
  return /^https?:\/\//.test(url)
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour12: false })
}

function trim(value: number): string {
  return String(Number(value.toFixed(1)))
}
