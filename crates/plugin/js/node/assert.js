// node:assert.
import { inspect } from 'node-inspect-extracted'
import { deepEqual } from './equal.js'
import { coded, invalidType } from './errors.js'

/** These two are told by their sign. */
const SIGNS = { equal: '==', notEqual: '!=' }
const WORDS = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:', strictEqual: 'Expected values to be strictly equal:', deepEqual: 'Expected values to be loosely deep-equal:', equal: 'Expected values to be loosely equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:', notStrictEqual: 'Expected "actual" to be strictly unequal to:', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:', notEqual: 'Expected "actual" to be loosely unequal to:',
}

export class AssertionError extends Error {
  constructor({ message, actual, expected, operator, stackStartFn } = {}) {
    super(message !== undefined ? String(message) : describe(actual, expected, operator))
    this.generatedMessage = message === undefined
    this.code = 'ERR_ASSERTION'
    this.actual = actual
    this.expected = expected
    this.operator = operator
    Object.defineProperty(this, 'name', { value: 'AssertionError', writable: true, configurable: true })
    Error.captureStackTrace?.(this, stackStartFn ?? AssertionError)
  }
  toString() { return `${this.name} [${this.code}]: ${this.message}` }
}

const describe = (actual, expected, operator) => {
  const head = WORDS[operator]
  if (operator === '==') return `${inspect(actual)} == ${inspect(expected)}`
  if (!head) return `${inspect(actual)} ${operator} ${inspect(expected)}`
  if (operator.startsWith('not')) return `${head}\n\n${inspect(expected)}\n`
  const [left, right] = [inspect(actual), inspect(expected)]
  if (left.length + right.length < 60 && !/\n/.test(left + right) && typeof actual !== 'object') return `${head}\n\n${left} !== ${right}\n`
  const mark = (text, sign, other) => text.split('\n').map((line) => `${other.includes(line) ? ' ' : sign} ${line}`).join('\n')
  return `${head}\n+ actual - expected\n\n${mark(left, '+', right.split('\n'))}\n${mark(right, '-', left.split('\n'))}\n`
}

const fail = (message, details) => {
  if (message instanceof Error) throw message
  throw new AssertionError({ ...details, message })
}

function assert(...args) {
  if (!args[0]) fail(args[1] ?? (args.length === 0 ? 'No value argument passed to `assert.ok()`' : 'The expression evaluated to a falsy value'), { actual: args[0], expected: true, operator: '==', stackStartFn: assert })
}
const compare = (operator, test) => ({
  [operator](actual, expected, message) {
    if (arguments.length < 2) throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified')
    if (!test(actual, expected)) fail(message, { actual, expected, operator: SIGNS[operator] ?? operator, stackStartFn: assert[operator] })
  },
})[operator]

const fits = (error, expected, message, operator) => {
  if (expected === undefined) return
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && error instanceof expected) return
    if (Error.isPrototypeOf(expected)) throw error
    if (expected.call({}, error) === true) return
    fail(message ?? `The ${expected.name ? `"${expected.name}" ` : ''}validation function is expected to return "true".`, { actual: error, expected, operator })
  } else if (expected instanceof RegExp) {
    if (!expected.test(String(error))) fail(message ?? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(error))}\n`, { actual: error, expected, operator })
  } else if (typeof expected === 'object') {
    const keys = expected instanceof Error ? [...Object.keys(expected), 'name', 'message'] : Object.keys(expected)
    for (const key of keys) {
      const [actual, wanted] = [error?.[key], expected[key]]
      if (wanted instanceof RegExp && typeof actual === 'string' ? wanted.test(actual) : deepEqual(actual, wanted, true)) continue
      fail(message, { actual: error, expected, operator: 'deepStrictEqual' })
    }
  }
}
const split = (expected, message) => (typeof expected === 'string' ? [undefined, expected] : [expected, message])
const NOTHING = Symbol('nothing')
const caught = (work) => { if (typeof work !== 'function') throw invalidType('fn', 'of type function', work); try { work() } catch (error) { return error } return NOTHING }
const rejected = async (work) => { try { await (typeof work === 'function' ? work() : work) } catch (error) { return error } return NOTHING }
const thrown = (error, operator, given, words) => {
  const [expected, message] = split(...given)
  if (error === NOTHING) fail(message ?? `Missing expected ${operator === 'rejects' ? 'rejection' : 'exception'}${expected?.name ? ` (${expected.name})` : ''}.`, { expected, operator })
  fits(error, expected, message, operator, words)
}
const unwanted = (error, operator, given) => {
  if (error === NOTHING) return
  const [, message] = split(...given)
  fail(`Got unwanted ${operator === 'doesNotReject' ? 'rejection' : 'exception'}${message ? `: ${message}` : '.'}\nActual message: "${error?.message}"`, { actual: error, operator })
}

Object.assign(assert, {
  AssertionError,
  ok: (...args) => assert(...args),
  equal: compare('equal', (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b))), // eslint-disable-line eqeqeq
  notEqual: compare('notEqual', (a, b) => a != b && !(Number.isNaN(a) && Number.isNaN(b))), // eslint-disable-line eqeqeq
  strictEqual: compare('strictEqual', Object.is),
  notStrictEqual: compare('notStrictEqual', (a, b) => !Object.is(a, b)),
  deepEqual: compare('deepEqual', (a, b) => deepEqual(a, b, false)),
  notDeepEqual: compare('notDeepEqual', (a, b) => !deepEqual(a, b, false)),
  deepStrictEqual: compare('deepStrictEqual', (a, b) => deepEqual(a, b, true)),
  notDeepStrictEqual: compare('notDeepStrictEqual', (a, b) => !deepEqual(a, b, true)),
  fail: (message = 'Failed') => fail(message, { operator: 'fail' }),
  ifError: (error) => { if (error != null) fail(`ifError got unwanted exception: ${error?.message ?? inspect(error)}`, { actual: error, expected: null, operator: 'ifError' }) },
  match: (text, pattern, message) => { if (typeof text !== 'string' || !pattern.test(text)) fail(message ?? `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, { actual: text, expected: pattern, operator: 'match' }) },
  doesNotMatch: (text, pattern, message) => { if (typeof text !== 'string' || pattern.test(text)) fail(message ?? `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`, { actual: text, expected: pattern, operator: 'doesNotMatch' }) },
  throws: (work, ...given) => thrown(caught(work), 'throws', given),
  doesNotThrow: (work, ...given) => unwanted(caught(work), 'doesNotThrow', given),
  rejects: async (work, ...given) => thrown(await rejected(work), 'rejects', given),
  doesNotReject: async (work, ...given) => unwanted(await rejected(work), 'doesNotReject', given),
})
assert.strict = Object.assign((...args) => assert(...args), assert, { equal: assert.strictEqual, notEqual: assert.notStrictEqual, deepEqual: assert.deepStrictEqual, notDeepEqual: assert.notDeepStrictEqual })
assert.strict.strict = assert.strict
export default assert
