// node:async_hooks. One immutable map from storage to value is current; the engine carries it through promises, `await` and
// microtasks (quickjs.patch), timers and requests carry it to what they call.

import { fresh, native } from '../host.js'

const none = new Map()
const { asyncContext, setAsyncContext: enter } = native
/** The values of all storages now; for whatever calls back later. */
export const snapshot = () => asyncContext() ?? none
const frame = snapshot
fresh.push(() => { enter(none) })

const within = (next, work, self, args) => {
  const before = frame()
  enter(next)
  try { return Reflect.apply(work, self, args) } finally { enter(before) }
}
export const runIn = within

export class AsyncLocalStorage {
  #name
  #default
  constructor({ name = '', defaultValue } = {}) { this.#name = name; this.#default = defaultValue }
  get name() { return this.#name }
  getStore() { const held = frame(); return held.has(this) ? held.get(this) : this.#default }
  run(store, work, ...args) { return within(new Map(frame()).set(this, store), work, undefined, args) }
  exit(work, ...args) { const next = new Map(frame()); next.delete(this); return within(next, work, undefined, args) }
  enterWith(store) { enter(new Map(frame()).set(this, store)) }
  disable() { const next = new Map(frame()); next.delete(this); enter(next) }
  static bind(work) { return AsyncResource.bind(work) }
  static snapshot() { const held = frame(); return (work, ...args) => within(held, work, undefined, args) }
}

let lastId = 1
export class AsyncResource {
  #held = frame()
  #id = ++lastId
  constructor(type) { this.type = type }
  runInAsyncScope(work, self, ...args) { return within(this.#held, work, self, args) }
  asyncId() { return this.#id }
  triggerAsyncId() { return 0 }
  emitDestroy() { return this }
  bind(work, self) { const resource = this; return function (...args) { return resource.runInAsyncScope(work, self ?? this, ...args) } }
  static bind(work, type, self) { return new AsyncResource(type ?? work.name).bind(work, self) }
}

export default {
  AsyncLocalStorage, AsyncResource, asyncWrapProviders: {},
  createHook: () => ({ enable() { return this }, disable() { return this } }),
  executionAsyncId: () => 1, triggerAsyncId: () => 0, executionAsyncResource: () => ({}),
}
