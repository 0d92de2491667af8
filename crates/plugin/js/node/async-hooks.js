// node:async_hooks. One immutable map from storage to value is current; `then`, timers and microtasks carry it to what they
// call. The bundler writes each `await` of code that uses this module as a `then` (ts/lib/bundle/settings.ts).

import { fresh } from '../host.js'

const none = new Map()
let current = none
fresh.push(() => { current = none })

const within = (next, work, self, args) => {
  const before = current
  current = next
  try { return Reflect.apply(work, self, args) } finally { current = before }
}

/** The values of all storages now; for whatever calls back later. */
export const snapshot = () => current
export const runIn = within
const frame = snapshot
const enter = (next) => { current = next }

/** A callback that runs with the values of now. */
const carried = (callback) => {
  if (typeof callback !== 'function' || current === none) return callback
  const held = current
  return function (...args) { return within(held, callback, this, args) }
}
let isFollowing = false
/** Functions without storages keep the engine's own `then`. */
const follow = () => {
  if (isFollowing) return
  isFollowing = true
  const { then } = Promise.prototype
  const { queueMicrotask } = globalThis
  const replace = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true })
  replace(Promise.prototype, 'then', { then(resolved, rejected) { return Reflect.apply(then, this, [carried(resolved), carried(rejected)]) } }.then)
  replace(globalThis, 'queueMicrotask', { queueMicrotask: (callback) => queueMicrotask(carried(callback)) }.queueMicrotask)
}

export class AsyncLocalStorage {
  #name
  #default
  constructor({ name = '', defaultValue } = {}) { this.#name = name; this.#default = defaultValue; follow() }
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
