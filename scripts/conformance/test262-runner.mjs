// Runs one file of Test262 in the global scope. event: { source, harness, async, negative: { phase, type } | null }

const OK = { ok: true }
const kindOf = (error) => error?.constructor?.name ?? error?.name ?? typeof error
const told = (error) => ({ ok: false, message: `${kindOf(error)}: ${String(error?.message ?? error)}`.slice(0, 200) })

export const handler = ({ source, harness, async: isAsync, negative }) => new Promise((resolve) => {
  const evaluate = globalThis.eval
  globalThis.process?.on?.('unhandledRejection', () => {})
  globalThis.$262 = {
    global: globalThis,
    evalScript: (text) => evaluate(text),
    detachArrayBuffer: (buffer) => { structuredClone(buffer, { transfer: [buffer] }) },
    gc: globalThis.gc ?? (() => {}),
    createRealm() { throw new Error('there is one realm') },
    agent: {},
  }
  // SpiderMonkey's copy ends each file with a call of this.
  globalThis.reportCompare = () => {}
  globalThis.$DONE = (error) => resolve(error === undefined || error === null ? OK : told(error))
  try {
    evaluate(harness)
  } catch (error) {
    resolve(told(error))
    return
  }
  try {
    evaluate(source)
  } catch (error) {
    resolve(negative !== null && kindOf(error) === negative.type ? OK : told(error))
    return
  }
  if (negative !== null) resolve({ ok: false, message: `no ${negative.type} was thrown` })
  else if (!isAsync) resolve(OK)
})
