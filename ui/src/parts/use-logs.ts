// The lines of a log, the latest minutes and then what is written, the newest last; reopened where it was when the stream ends.
import { useEffect, useState } from 'react'
import type { LogLine } from '../../../ts/lib/snapshot.ts'
import { ApiError } from '../mesh/http.ts'
import { parseLogLine } from '../mesh/parse.ts'
import { follow } from '../mesh/sse.ts'

export interface Logs {
  lines: readonly NumberedLine[]
  /** Why none come. */
  error: Error | null
}

export type NumberedLine = LogLine & { id: number }

const MAX_LINES = 5_000
/** What it begins with. */
const SINCE = '15m'
const REOPEN_MS = 1_500
/** A chatty function must not render once for each line. */
const BATCH_MS = 100

export function useLogs(filter: { function?: string; edge?: string; requestId?: string }): Logs {
  const query = new URLSearchParams({ ...filter, follow: '1', since: SINCE }).toString()
  const [state, setState] = useState<Logs & { query: string }>({ query, lines: [], error: null })

  useEffect(() => {
    const abort = new AbortController()
    let nextId = 1
    let after = ''
    let batch: NumberedLine[] = []
    let flush: ReturnType<typeof setTimeout> | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    setState({ query, lines: [], error: null })

    const deliver = (): void => {
      const fresh = batch
      batch = []
      flush = undefined
      setState((now) => ({ query, error: null, lines: merged(now.lines, fresh) }))
    }
    const open = (): void => {
      const fail = (cause: unknown): void => {
        if (abort.signal.aborted) return
        const error = cause instanceof Error ? cause : new Error(String(cause))
        if (error instanceof ApiError) setState((now) => ({ ...now, error }))
        retry = setTimeout(open, REOPEN_MS)
      }
      follow(`logs?${query}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`, abort.signal, ({ data, id }) => {
        after = id ?? after
        const line = parseLogLine(data)
        if (line === null) return
        batch.push({ ...line, id: nextId++ })
        flush ??= setTimeout(deliver, BATCH_MS)
      }).then(() => fail(new Error('the stream ended')), fail)
    }
    open()
    return () => {
      abort.abort()
      clearTimeout(flush)
      clearTimeout(retry)
    }
  }, [query])

  return state.query === query ? state : { lines: [], error: null }
}

/** In order of time: each edge tells of its past by itself. */
function merged(lines: readonly NumberedLine[], fresh: readonly NumberedLine[]): NumberedLine[] {
  const last = lines.at(-1)
  const all = [...lines, ...fresh]
  const inOrder = fresh.every(({ at }, index) => at >= (fresh[index - 1] ?? last ?? { at: 0 }).at)
  return (inOrder ? all : all.sort((a, b) => a.at - b.at || a.id - b.id)).slice(-MAX_LINES)
}
