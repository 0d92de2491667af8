// A reporter for node's test runner: each event that says something of an outcome as one line of JSON, for
// node-tests.mjs to read. The last of a file that ran to its end is the plan at nesting 0.
import { inspect } from 'node:util'

const describe = (error) => {
  if (error === undefined) return undefined
  const cause = error.cause ?? error
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
}

const WANTED = new Set(['test:enqueue', 'test:pass', 'test:fail', 'test:plan'])

async function* events(source) {
  for await (const { type, data } of source) {
    if (!WANTED.has(type)) continue
    const { name, nesting, file, line, skip, todo, details } = data
    const outcome = { kind: details?.type, failure: details?.error?.failureType }
    const error = type === 'test:fail' ? describe(details?.error) : undefined
    yield `${JSON.stringify({ type, name, nesting, file, line, skip, todo, ...outcome, error })}\n`
  }
}

// The one default export here: node loads a reporter by it.
export default events
