// util.types: brand checks by what only the real thing answers to.
const brand = (prototype, name) => {
  const { get, value } = Object.getOwnPropertyDescriptor(prototype, name)
  const ask = get ?? value
  return (object) => { try { ask.call(object); return true } catch { return false } }
}
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get
const typed = (name) => (value) => tagOf.call(value) === name
const tagged = (name) => (value) => Object.prototype.toString.call(value) === `[object ${name}]`
const object = (value) => value !== null && typeof value === 'object'
const both = (...tests) => (value) => tests.every((test) => test(value))
const isBoxed = Object.fromEntries([Number, String, Boolean, BigInt, Symbol].map((type) => [type.name, both(object, brand(type.prototype, 'valueOf'))]))
const AsyncFunction = (async () => {}).constructor
const GeneratorFunction = (function* () {}).constructor
const AsyncGeneratorFunction = (async function* () {}).constructor
const TYPED = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']
const never = () => false

export const types = {
  isAnyArrayBuffer: brand(ArrayBuffer.prototype, 'byteLength'), isArrayBuffer: brand(ArrayBuffer.prototype, 'byteLength'), isSharedArrayBuffer: never, isArrayBufferView: ArrayBuffer.isView,
  isTypedArray: (value) => tagOf.call(value) !== undefined, isDataView: (value) => ArrayBuffer.isView(value) && tagOf.call(value) === undefined,
  ...Object.fromEntries(TYPED.map((name) => [`is${name}`, typed(name)])),
  isDate: brand(Date.prototype, 'getTime'), isRegExp: both(object, (value) => { try { Object.getOwnPropertyDescriptor(RegExp.prototype, 'source').get.call(value); return value !== RegExp.prototype } catch { return false } }),
  isMap: brand(Map.prototype, 'size'), isSet: brand(Set.prototype, 'size'), isWeakMap: (value) => value instanceof WeakMap, isWeakSet: (value) => value instanceof WeakSet,
  isMapIterator: tagged('Map Iterator'), isSetIterator: tagged('Set Iterator'),
  isPromise: (value) => value instanceof Promise, isNativeError: (value) => (Error.isError ? Error.isError(value) : value instanceof Error),
  isAsyncFunction: (value) => typeof value === 'function' && (value instanceof AsyncFunction || value instanceof AsyncGeneratorFunction), isGeneratorFunction: (value) => typeof value === 'function' && (value instanceof GeneratorFunction || value instanceof AsyncGeneratorFunction),
  isGeneratorObject: tagged('Generator'), isArgumentsObject: tagged('Arguments'), isModuleNamespaceObject: tagged('Module'), isProxy: never, isExternal: never,
  isNumberObject: isBoxed.Number, isStringObject: isBoxed.String, isBooleanObject: isBoxed.Boolean, isBigIntObject: isBoxed.BigInt, isSymbolObject: isBoxed.Symbol, isBoxedPrimitive: (value) => Object.values(isBoxed).some((test) => test(value)),
  isKeyObject: (value) => Object.prototype.toString.call(value) === '[object KeyObject]', isCryptoKey: (value) => value instanceof CryptoKey, isEventTarget: (value) => value instanceof EventTarget,
}
