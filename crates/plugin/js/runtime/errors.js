// What V8's stack traces have and QuickJS's lack: all methods of call sites.
const sites = () => {
  const { prepareStackTrace } = Error
  Error.prepareStackTrace = (_, list) => list
  const { stack } = new Error()
  Error.prepareStackTrace = prepareStackTrace
  return stack
}
const prototype = Object.getPrototypeOf(sites()[0])
const nothing = { getThis: undefined, getTypeName: null, getMethodName: null, getEvalOrigin: undefined, getPromiseIndex: null, getFunction: undefined, getScriptHash: '', isEval: false, isToplevel: false, isConstructor: false, isAsync: false, isPromiseAll: false }
for (const [name, value] of Object.entries(nothing)) if (!(name in prototype)) Object.defineProperty(prototype, name, { value: () => value, writable: true, configurable: true })
const place = (site) => `${site.getFileName() ?? '<anonymous>'}:${site.getLineNumber()}:${site.getColumnNumber()}`
const more = {
  getScriptNameOrSourceURL() { return this.getFileName() },
  toString() { const name = this.getFunctionName(); return name ? `${name} (${place(this)})` : place(this) },
}
for (const [name, value] of Object.entries(more)) if (!Object.hasOwn(prototype, name)) Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
