// node:timers and node:timers/promises.
import { coded } from './errors.js'

const abortable = (start, cancel, value, { signal, ref = true } = {}) => new Promise((resolve, reject) => {
  const stop = () => coded(Error, 'ABORT_ERR', 'The operation was aborted', { name: 'AbortError', cause: signal.reason })
  if (signal?.aborted) { reject(stop()); return }
  const aborted = () => { cancel(handle); reject(stop()) }
  const handle = start(() => { signal?.removeEventListener('abort', aborted); resolve(value) })
  if (!ref) handle.unref?.()
  signal?.addEventListener('abort', aborted, { once: true })
})

const later = (ms, value, options) => abortable((done) => setTimeout(done, ms), clearTimeout, value, options)
export const promises = {
  setTimeout: later,
  setImmediate: (value, options) => abortable((done) => setImmediate(done), clearImmediate, value, options),
  async* setInterval(ms, value, options) { for (;;) yield await later(ms, value, options) },
  scheduler: { wait: (ms, options) => later(ms, undefined, options), yield: () => promises.setImmediate() },
}
const custom = Symbol.for('nodejs.util.promisify.custom')
setTimeout[custom] = promises.setTimeout
setImmediate[custom] = promises.setImmediate

export default { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, promises, active() {}, unenroll() {}, enroll() {} }
