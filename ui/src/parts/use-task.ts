// Something a button starts: whether it runs, and how it failed.
import { useRef, useState } from 'react'

export interface Task {
  busy: boolean
  error: Error | null
  /** Does nothing while it runs. Never rejects: see `error`. */
  run(): void
}

export function useTask(work: () => Promise<void>): Task {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const running = useRef(false)

  async function start(): Promise<void> {
    if (running.current) return
    running.current = true
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)))
    } finally {
      running.current = false
      setBusy(false)
    }
  }

  return { busy, error, run: () => void start() }
}
