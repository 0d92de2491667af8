// crypto (Web Cryptography API): SubtleCrypto dispatches to the algorithms beside it.
import { define, idl, native } from '../../host.js'
import { DOMException } from '../dom-exception.js'
import { bytesOf, utf8 } from '../encoding.js'
import { curveAlgorithms } from './curves.js'
import { CryptoKey, HASH_NAMES, error, hashOf, normalise } from './key.js'
import { rsaAlgorithms } from './rsa.js'
import { secretAlgorithms } from './secret.js'

const MAX_RANDOM_BYTES = 65_536
const ALGORITHMS = { ...secretAlgorithms, ...rsaAlgorithms, ...curveAlgorithms }
const supporting = (operation) => Object.keys(ALGORITHMS).filter((name) => ALGORITHMS[name][operation])

const input = (data) => bytesOf(data, 'data').slice()
const output = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer)

/** The algorithm's side of an operation, after the checks that all operations share. */
const using = (operation, identifier, key, usage) => {
  const algorithm = normalise(identifier, supporting(operation))
  if (!(key instanceof CryptoKey)) throw new TypeError('The key is not a CryptoKey')
  if (key.algorithm.name !== algorithm.name) throw error('InvalidAccessError', 'Key algorithm mismatch')
  if (!key.usages.includes(usage)) throw error('InvalidAccessError', `Unable to use this key to ${usage}`)
  return [ALGORITHMS[algorithm.name][operation], algorithm]
}

export class SubtleCrypto {
  constructor(key) { if (key !== HASH_NAMES) throw new TypeError('Illegal constructor') }
  async digest(algorithm, data) {
    const bytes = input(data)
    return output(native.digest(hashOf(algorithm), bytes))
  }
  async encrypt(algorithm, key, data) { const bytes = input(data); const [run, a] = using('encrypt', algorithm, key, 'encrypt'); return output(run(a, key, bytes)) }
  async decrypt(algorithm, key, data) { const bytes = input(data); const [run, a] = using('decrypt', algorithm, key, 'decrypt'); return output(run(a, key, bytes)) }
  async sign(algorithm, key, data) {
    const bytes = input(data)
    const [run, a] = using('sign', algorithm, key, 'sign')
    return output(run(a, key, bytes))
  }
  async verify(algorithm, key, signature, data) {
    const [mark, bytes] = [input(signature), input(data)]
    const [run, a] = using('verify', algorithm, key, 'verify')
    return run(a, key, mark, bytes)
  }
  async generateKey(algorithm, extractable, usages) {
    const a = normalise(algorithm, supporting('generate'))
    return ALGORITHMS[a.name].generate(a, extractable, [...usages])
  }
  async importKey(format, data, algorithm, extractable, usages) {
    const a = normalise(algorithm, supporting('import'))
    if (format === 'jwk' && (data === null || typeof data !== 'object' || ArrayBuffer.isView(data) || data instanceof ArrayBuffer)) throw new TypeError('The key data is not a JsonWebKey')
    if (format !== 'jwk') bytesOf(data, 'keyData')
    return ALGORITHMS[a.name].import(format, data, a, Boolean(extractable), [...usages])
  }
  async exportKey(format, key) {
    if (!(key instanceof CryptoKey)) throw new TypeError('The key is not a CryptoKey')
    const run = ALGORITHMS[key.algorithm.name].export
    if (!run) throw error('NotSupportedError', `${key.algorithm.name} keys can't be exported`)
    if (!key.extractable) throw error('InvalidAccessError', 'key is not extractable')
    return run(format, key)
  }
  async deriveBits(algorithm, key, length = null) {
    const [run, a] = using('deriveBits', algorithm, key, 'deriveBits')
    return output(run(a, key, length))
  }
  async deriveKey(algorithm, key, derived, extractable, usages) {
    const [run, a] = using('deriveBits', algorithm, key, 'deriveKey')
    const target = normalise(derived, supporting('lengthOf'))
    const bits = run(a, key, ALGORITHMS[target.name].lengthOf(target))
    return ALGORITHMS[target.name].import('raw', bits, target, extractable, [...usages])
  }
  async wrapKey(format, key, wrapping, algorithm) {
    const [run, a] = usingEither('wrap', 'encrypt', algorithm, wrapping, 'wrapKey')
    const exported = await this.exportKey(format, key)
    return output(run(a, wrapping, format === 'jwk' ? utf8(JSON.stringify(exported)) : new Uint8Array(exported)))
  }
  async unwrapKey(format, wrapped, unwrapping, algorithm, keyAlgorithm, extractable, usages) {
    const bytes = input(wrapped)
    const [run, a] = usingEither('unwrap', 'decrypt', algorithm, unwrapping, 'unwrapKey')
    const data = run(a, unwrapping, bytes)
    return this.importKey(format, format === 'jwk' ? parseJwk(data) : data, keyAlgorithm, extractable, usages)
  }
}
idl(SubtleCrypto)

const usingEither = (first, second, algorithm, key, usage) => {
  const name = normalise(algorithm, [...supporting(first), ...supporting(second)]).name
  return using(ALGORITHMS[name][first] ? first : second, algorithm, key, usage)
}
const parseJwk = (data) => { try { return JSON.parse(native.fromUtf8(data)) } catch { throw error('DataError', 'The wrapped key is not a JWK') } }

const INTEGERS = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array']
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get

export class Crypto {
  #subtle = new SubtleCrypto(HASH_NAMES)
  constructor(key) { if (key !== HASH_NAMES) throw new TypeError('Illegal constructor') }
  get subtle() { return this.#subtle }
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || !INTEGERS.includes(tag.call(array))) throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError')
    if (array.byteLength > MAX_RANDOM_BYTES) throw new DOMException(`The requested length exceeds ${MAX_RANDOM_BYTES} bytes`, 'QuotaExceededError')
    bytesOf(array).set(native.random(array.byteLength))
    return array
  }
  randomUUID() {
    const bytes = native.random(16)
    bytes[6] = (bytes[6] & 0x0f) | 0x40
    bytes[8] = (bytes[8] & 0x3f) | 0x80
    const hex = native.hex(bytes)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}
idl(Crypto)

export const crypto = new Crypto(HASH_NAMES)
define({ Crypto, SubtleCrypto, crypto })
