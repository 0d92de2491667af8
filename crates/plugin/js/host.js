// The Rust side. It is a global only while this bundle is evaluated; functions never see it.
export const host = globalThis.__host

/** Parsing, encodings, compression and cryptography: src/native. */
export const native = host.native

/** Defines globals as the platform does: writable, configurable, not enumerable. */
export const define = (values, target = globalThis) => {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true })
  }
}

/** Prototypes of the platform's classes. */
export const platform = new Set()

/** Makes members visible to `for in` and gives a class its `Symbol.toStringTag`, as Web IDL asks. */
export const idl = (type, name = type.name) => {
  platform.add(type.prototype)
  for (const key of Object.getOwnPropertyNames(type.prototype)) {
    if (key === 'constructor' || key.startsWith('_')) continue
    const descriptor = Object.getOwnPropertyDescriptor(type.prototype, key)
    Object.defineProperty(type.prototype, key, { ...descriptor, enumerable: true })
  }
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true })
  return type
}

/** Run before the snapshot: forgets what must not be frozen in it, so that each invocation makes it anew. */
export const fresh = []
