// What V8's stack traces have and QuickJS's lack: the error's name and message at the top, all methods of call sites.
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
const { toString: describe } = Error.prototype
const frame = (site) => `    at ${site.getFunctionName() || '<anonymous>'} (${site.isNative() ? 'native' : place(site)})`
Error.prepareStackTrace = (error, list) => {
  let head = ''
  try { head = Reflect.apply(describe, error, []) } catch { /* an error whose name can't be read */ }
  return [head, ...list.map(frame)].join('\n')
}
const place = (site) => `${site.getFileName() ?? '<anonymous>'}:${site.getLineNumber()}:${site.getColumnNumber()}`
const more = {
  getScriptNameOrSourceURL() { return this.getFileName() },
  toString() { const name = this.getFunctionName(); return name ? `${name} (${place(this)})` : place(this) },
}
for (const [name, value] of Object.entries(more)) if (!Object.hasOwn(prototype, name)) Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
