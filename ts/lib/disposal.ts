// What was opened closes in reverse, whatever happens on the way. Node 20 has no AsyncDisposableStack.

export interface Stack extends AsyncDisposable {
  [Symbol.asyncDispose](): Promise<void>
  /** Closes `resource` with the stack. */
  use<Resource extends AsyncDisposable | Disposable>(resource: Resource): Resource
  /** Runs `close` with the stack. */
  defer(close: () => void | Promise<void>): void
}

/** Every step is run, the first error is thrown. Closing twice is closing once. */
export function openStack(): Stack {
  const steps: (() => void | Promise<void>)[] = []
  const defer = (close: () => void | Promise<void>): void => void steps.push(close)
  return {
    defer,
    use(resource) {
      defer(async () => {
        if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
        else resource[Symbol.dispose]()
      })
      return resource
    },
    async [Symbol.asyncDispose]() {
      const errors: unknown[] = []
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step()
        } catch (error) {
          errors.push(error)
        }
      }
      if (errors.length > 0) throw errors[0]
    },
  }
}
