// A handler's surroundings: its context, its callback, and how an error is told.
import { fresh, host } from '../host.js'
import { limit as limitTmp } from '../node/fs/volume.js'
import { arrive, isWaiting } from './requests.js'
import { endStream, render } from './stream.js'
import { drop, isPending, runSoon, tick, wait } from './timers.js'
import { caught, unhandled } from './uncaught.js'

const { stringify } = JSON
const { String: text, Error: Failure } = globalThis
const { prototype: plain } = Object

let context
let settled = false
let failed = false
let outcome
const settle = (ok, value) => {
  if (settled) return
  settled = true
  failed = !ok
  outcome = value
}
const callback = (error, value) => (error == null ? settle(true, value) : settle(false, error))

const read = (get, otherwise) => { try { return get() } catch { return otherwise } }

/** An error as Lambda writes it; whatever was thrown, and whatever became of the globals, this answers. */
const describe = (error) => {
  const isError = read(() => error instanceof Failure || (error && typeof error === 'object' && typeof error.message === 'string'), true)
  const errorType = isError ? read(() => text(error.name || 'Error'), 'Error') : typeof error
  const errorMessage = read(() => text(isError ? error.message : typeof error === 'object' ? stringify(error) : error), 'what was thrown can\'t be read')
  const stack = isError ? read(() => error.stack.split('\n').filter((line) => /^\s+at /.test(line)), []) : []
  const trace = isError ? [`${errorType}: ${errorMessage}`, ...stack] : []
  return read(() => stringify({ errorType, errorMessage, trace }), '{"errorType":"Error","errorMessage":"what was thrown can\'t be read","trace":[]}')
}

/** As in Node, what is put into it becomes a string. */
const environment = (values) => new Proxy(values, {
  set: (target, name, value) => Reflect.set(target, name, `${value}`),
  defineProperty: (target, name, descriptor) => Reflect.defineProperty(target, name, 'value' in descriptor ? { ...descriptor, value: `${descriptor.value}` } : descriptor),
})

host.glue = {
  describe,
  callback,
  wait,
  tick() { try { tick() } catch (error) { caught(error) } },
  runSoon,
  caught,
  unhandled,
  rejection: host.rejection,
  render,
  endStream,
  plain,
  isWaiting,
  arrive,
  /** Before the top level runs: what does not change from one invocation to the next. */
  prepare(options) {
    globalThis.process.env = environment(options.environment)
    limitTmp(options.tmpBytes)
    context = {
      callbackWaitsForEmptyEventLoop: true,
      functionVersion: options.version,
      functionName: options.name,
      memoryLimitInMB: String(options.memoryMb),
      logGroupName: `/aws/lambda/${options.name}`,
      logStreamName: `${options.edge}`,
      invokedFunctionArn: options.arn,
      clientContext: undefined,
      identity: undefined,
      awsRequestId: '',
      getRemainingTimeInMillis: () => Math.max(0, Math.floor(host.remaining())),
      done: callback,
      succeed: (value) => settle(true, value),
      fail: (error) => settle(false, error ?? new Error('handled')),
    }
    return context
  },
  /** After the top level ran: nothing of it may go on in a later invocation. */
  freeze() {
    drop()
    for (const forget of fresh) forget()
  },
  clientContext(json) { context.clientContext = JSON.parse(json) },
  /** 0: nothing yet, 1: a result, 2: an error. */
  settled() {
    if (!settled) return 0
    if (!failed && context.callbackWaitsForEmptyEventLoop && isPending()) return 0
    return failed ? 2 : 1
  },
  outcome: () => outcome,
}
