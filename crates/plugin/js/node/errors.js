// Errors with Node's codes.

/** `TypeError [ERR_X]: …`, as Node's own. */
export const coded = (type, code, message, more = {}) => {
  const error = new type(message)
  Object.defineProperty(error, 'code', { value: code, enumerable: true, writable: true, configurable: true })
  return Object.assign(error, more)
}

export const invalidType = (name, expected, actual) => {
  const shown = actual === null || actual === undefined ? String(actual)
    : typeof actual === 'function' ? `function ${actual.name}`
      : typeof actual === 'object' ? `an instance of ${actual.constructor?.name ?? 'Object'}`
        : `type ${typeof actual} (${typeof actual === 'string' ? `'${actual.slice(0, 25)}'` : String(actual)})`
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${expected}. Received ${shown}`)
}

/** What a function can't have: a named error at use, not at import. */
export const unavailable = (name) => coded(TypeError, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', `${name} is not available in a SwarmLambda function: it runs in a sandbox without processes, threads and sockets`)
