// Runs something at once, and again at most every so often for as long as it is asked for.

export interface Throttled extends Disposable {
  (): void
}

/** `ms`: asked anew after each time. */
export function throttle(ms: number | (() => number), run: () => void): Throttled {
  let timer: NodeJS.Timeout | null = null
  let again = false
  const tick = (): void => {
    timer = null
    if (again) call()
  }
  const call = (): void => {
    if (timer) {
      again = true
      return
    }
    again = false
    run()
    timer = setTimeout(tick, typeof ms === 'number' ? ms : ms())
  }
  return Object.assign(call, {
    [Symbol.dispose]() {
      if (timer) clearTimeout(timer)
      timer = null
      again = false
    },
  })
}
