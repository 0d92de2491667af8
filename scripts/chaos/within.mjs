// Node 20 has no `await using`: what is used within a function is closed when it ends, in reverse.
import { openStack } from '../../dist/lib/disposal.js'

/** Calls `body(use)`; everything that went through `use` is closed afterwards. */
export async function within(body) {
  const stack = openStack()
  try {
    return await body((resource) => stack.use(resource))
  } finally {
    await stack[Symbol.asyncDispose]()
  }
}
