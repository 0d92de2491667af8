// Node's older classes are functions: libraries call them on objects of their own (`ServerResponse.call(this, request)`).

/** The class, to be called with and without `new`. It may have no private fields. */
export const callable = (type) => {
  const called = { [type.name]: function (...args) {
    if (new.target) return Reflect.construct(type, args, new.target)
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(new type(...args)))
  } }[type.name]
  called.prototype = type.prototype
  Object.defineProperty(type.prototype, 'constructor', { value: called, writable: true, configurable: true })
  return Object.setPrototypeOf(called, type)
}
