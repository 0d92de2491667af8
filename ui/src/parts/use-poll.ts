// Something asked again and again while it is shown: the latest answer, and what went wrong with the last question.
import { useCallback, useEffect, useRef, useState } from 'react'

export interface Poll<T> {
  /** Null before the first answer. */
  value: T | null
  /** Of the last question. */
  error: Error | null
  /** Asks now. */
  again(): void
}

/** `key` names what is asked: another one forgets the answer. Not asked while the tab is hidden. */
export function usePoll<T>(key: string, everyMs: number, ask: (signal: AbortSignal) => Promise<T>): Poll<T> {
  const [answer, setAnswer] = useState<{ key: string; value: T | null; error: Error | null }>({ key, value: null, error: null })
  const [turn, setTurn] = useState(0)
  const latest = useRef(ask)
  useEffect(() => { latest.current = ask })

  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const run = async (): Promise<void> => {
      try {
        const value = await latest.current(abort.signal)
        if (!abort.signal.aborted) setAnswer({ key, value, error: null })
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause))
        if (!abort.signal.aborted) setAnswer((before) => ({ key, value: before.key === key ? before.value : null, error }))
      }
      if (!abort.signal.aborted) timer = setTimeout(() => document.hidden ? addEventListener('visibilitychange', wake, { once: true }) : void run(), everyMs)
    }
    const wake = (): void => { if (!abort.signal.aborted) void run() }
    void run()
    return () => {
      abort.abort()
      clearTimeout(timer)
      removeEventListener('visibilitychange', wake)
    }
  }, [key, everyMs, turn])

  const again = useCallback(() => setTurn((now) => now + 1), [])
  return { ...(answer.key === key ? { value: answer.value, error: answer.error } : { value: null, error: null }), again }
}
