// What nobody catches: a rejection without a handler when the jobs have run out, an exception in a timer or a microtask. It
// fails the invocation, unless the function listens for it (`process.on`), as in Node.
import { fresh, host } from '../host.js'
import process from '../node/process.js'

class UnhandledPromiseRejection extends Error {
  constructor(reason) {
    super(String(reason?.toString?.() ?? reason))
    if (typeof reason?.stack === 'string') this.stack = reason.stack
  }
}
Object.defineProperty(UnhandledPromiseRejection.prototype, 'name', { value: 'Runtime.UnhandledPromiseRejection' })

let rejections = []
fresh.push(() => { rejections = [] })

/** The engine tells of a rejection that has no handler, or of a handler that came later. How many have none. */
host.rejection = (promise, reason, handled) => {
  if (handled) rejections = rejections.filter((one) => one.promise !== promise)
  else rejections.push({ promise, reason })
  return rejections.length
}

/** Called when the jobs have run out. */
export const unhandled = () => {
  const list = rejections
  rejections = []
  for (const { promise, reason } of list) {
    if (!process.emit('unhandledRejection', reason, promise)) throw new UnhandledPromiseRejection(reason)
  }
}

export const caught = (error) => {
  if (!process.emit('uncaughtException', error, 'uncaughtException')) throw error
}
