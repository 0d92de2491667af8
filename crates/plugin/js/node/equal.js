// Deep equality as `assert.deepStrictEqual` and `assert.deepEqual` define it.

const tag = (value) => Object.prototype.toString.call(value)
const enumerable = (value) => [...Object.keys(value), ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))]

/** Compares two values; strict is `Object.is` and prototypes, loose is `==`. */
export const deepEqual = (a, b, strict, pairs = []) => {
  if (Object.is(a, b)) return true
  if (!strict && a == b) return true // eslint-disable-line eqeqeq
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return !strict && Number.isNaN(a) && Number.isNaN(b)
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (tag(a) !== tag(b) || Array.isArray(a) !== Array.isArray(b)) return false
  if (pairs.some((pair) => pair[0] === a && pair[1] === b)) return true
  const seen = [...pairs, [a, b]]
  const same = (x, y) => deepEqual(x, y, strict, seen)
  if (a instanceof Date && b instanceof Date && a.getTime() !== b.getTime()) return false
  if (a instanceof RegExp && (String(a) !== String(b) || a.lastIndex !== b.lastIndex)) return false
  if (a instanceof Error && (a.message !== b.message || a.name !== b.name || !same(a.cause, b.cause))) return false
  for (const type of [Number, String, Boolean, BigInt, Symbol]) {
    if (a instanceof type && !(b instanceof type && Object.is(a.valueOf(), b.valueOf()))) return false
  }
  if (a instanceof ArrayBuffer) return same(new Uint8Array(a), new Uint8Array(b))
  if (ArrayBuffer.isView(a)) {
    if (a.byteLength !== b.byteLength) return false
    const [x, y] = [a, b].map((view) => (view instanceof DataView ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : view))
    return x.every((item, index) => (strict ? Object.is(item, y[index]) : item === y[index]))
  }
  if (a instanceof Set) return a.size === b.size && matched([...a], [...b], same)
  if (a instanceof Map) return a.size === b.size && matched([...a], [...b], (x, y) => same(x[0], y[0]) && same(x[1], y[1]))
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof Promise) return false
  if (Array.isArray(a) && a.length !== b.length) return false
  const keys = strict ? enumerable(a) : Object.keys(a)
  if (keys.length !== (strict ? enumerable(b) : Object.keys(b)).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}

/** Each item of one list has an equal of its own in the other, in any order. */
const matched = (left, right, same) => left.every((item) => {
  const at = right.findIndex((other) => same(item, other))
  if (at >= 0) right.splice(at, 1)
  return at >= 0
})
