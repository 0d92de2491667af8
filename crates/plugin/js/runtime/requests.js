// What waits for the host: requests that were begun, by id, until their next event comes.
import { fresh, native } from '../host.js'

let waiting = new Map()
let open = new Set()
fresh.push(() => { waiting = new Map(); open = new Set() })

/** Resolves with a request's next event, `[kind, bytes]`. */
export const waitFor = (id) => new Promise((resolve, reject) => {
  if (!open.has(id)) open.add(id)
  else native.ask(id)
  waiting.set(id, { resolve, reject })
})

/** Whether the request goes on. */
export const isOpen = (id) => open.has(id)

/** Ends a request; who waits for it is told why. */
export const settle = (id, reason) => {
  native.cancel(id)
  open.delete(id)
  waiting.get(id)?.reject(reason)
  waiting.delete(id)
}

/** Whether anything waits for the host. */
export const isWaiting = () => waiting.size > 0

/** The host has an event for this request. */
export const arrive = (id) => {
  const waiter = waiting.get(id)
  waiting.delete(id)
  const event = native.event(id)
  if (event[0] === 'E' || event[0] === 'F') open.delete(id)
  waiter?.resolve(event)
}
