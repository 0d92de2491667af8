// A handler's surroundings: its context, its callback, and how an error is told.
import { fresh, host } from '../host.js'
import { arrive, isWaiting } from './requests.js'
import { drop, isPending, tick, wait } from './timers.js'

const { stringify } = JSON

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

const describe = (error) => {
  if (!(error instanceof Error) && !(error && typeof error === 'object' && typeof error.message === 'string')) {
    return stringify({ errorType: typeof error, errorMessage: typeof error === 'object' ? stringify(error) : String(error), trace: [] })
  }
  const errorType = String(error.name || 'Error')
  const errorMessage = String(error.message)
  const stack = typeof error.stack === 'string' ? error.stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  return stringify({ errorType, errorMessage, trace: [`${errorType}: ${errorMessage}`, ...stack] })
}

host.glue = {
  describe,
  callback,
  wait,
  tick,
  isWaiting,
  arrive,
  /** Before the top level runs: what does not change from one invocation to the next. */
  prepare(options) {
    globalThis.process.env = options.environment
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
