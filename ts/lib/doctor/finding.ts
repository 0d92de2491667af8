// What the doctor found out about one thing.

export interface Finding {
  check: string
  /** `warn`: works, but less well. `bad`: an edge won't do. */
  level: 'ok' | 'warn' | 'bad'
  found: string
  /** What to do about it; absent when there is nothing to mend. */
  mend?: string
}
