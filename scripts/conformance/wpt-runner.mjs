// Runs one file of web-platform-tests: as scripts in the global scope, which is what a shell is to testharness.js.
// event: { scripts: [text], resources: { path: text }, search, title }

/** An eval keeps `const`, `let` and `class` to itself, and in strict mode everything; scripts share them. */
const shared = (script) => script.replace(/^['"]use strict['"];?/m, '').replace(/^(?:const|let)(?=\s)/gm, 'var').replace(/^class (\w+)/gm, 'var $1 = class $1')

const STATUS = ['PASS', 'FAIL', 'TIMEOUT', 'NOTRUN', 'PRECONDITION_FAILED']

export const handler = ({ scripts, resources, search, path }) => new Promise((resolve) => {
  const evaluate = globalThis.eval
  globalThis.self ??= globalThis
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false }
  const base = new URL(path, 'http://web-platform.test:8000/')
  globalThis.location = { search, pathname: base.pathname, href: base.href + search, origin: base.origin, protocol: base.protocol, host: base.host, hostname: base.hostname, port: base.port, hash: '' }
  const { fetch } = globalThis
  // Of the server there are only its files.
  globalThis.fetch = async (input, init) => {
    const name = typeof input === 'string' && !/^[a-z]+:/.test(input) ? new URL(input, base).pathname.slice(1) : null
    return name !== null && name in resources ? new Response(resources[name], { headers: { 'content-type': 'application/json' } }) : fetch(input, init)
  }
  // A page has an address that others are relative to.
  const construct = (type, [input, ...others], newTarget) => Reflect.construct(type, [typeof input === 'string' ? new URL(input, base).href : input, ...others], newTarget)
  globalThis.Request = new Proxy(Request, { construct })
  const [harness, ...rest] = scripts
  evaluate(harness)
  globalThis.add_completion_callback((tests, { status, message }) => {
    resolve({ status, message: message ?? null, tests: tests.map((test) => [String(test.name), STATUS[test.status], test.message && String(test.message).slice(0, 300)]) })
  })
  globalThis.process?.on?.('unhandledRejection', () => {})
  globalThis.process?.on?.('uncaughtException', () => {})
  try {
    for (const script of rest) evaluate(shared(script))
  } catch (error) {
    resolve({ status: 1, message: `${error?.name}: ${error?.message}`, tests: [] })
  }
  if (!globalThis.__done_is_called) globalThis.done?.()
})
