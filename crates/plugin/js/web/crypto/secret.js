// Algorithms with a secret: HMAC, AES in four modes, HKDF and PBKDF2.
import { native } from '../../host.js'
import { bytesOf } from '../encoding.js'
import { BLOCK_BYTES, bytesOfKey, checkJwk, checkUsages, error, hashName, hashOf, makeKey, needUsages } from './key.js'

const AES_USAGES = { 'AES-KW': ['wrapKey', 'unwrapKey'] }
const aesUsages = (name) => AES_USAGES[name] ?? ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']
const EMPTY = new Uint8Array(0)
const bits = (value) => Math.trunc(Number(value))

const operation = (work, message = 'The operation failed for an operation-specific reason') => {
  try { return work() } catch (cause) { throw Object.assign(error('OperationError', message), { cause }) }
}

const importSecret = (format, data, extractable, usages, { alg, use, allowed, algorithmOf }) => {
  checkUsages(usages, allowed)
  let bytes
  if (format === 'raw' || format === 'raw-secret') bytes = bytesOf(data).slice()
  else if (format === 'jwk') {
    checkJwk(data, { kty: 'oct', use, usages, extractable })
    if (typeof data.k !== 'string') throw error('DataError', 'The JWK has no "k"')
    bytes = native.fromBase64(data.k)
    const expected = alg(bytes)
    if (data.alg !== undefined && expected !== undefined && data.alg !== expected) throw error('DataError', 'The JWK "alg" member does not fit')
  } else throw error('NotSupportedError', `Unable to import a secret key as ${format}`)
  const algorithm = algorithmOf(bytes)
  needUsages(usages)
  return makeKey('secret', algorithm, extractable, usages, bytes)
}

const exportSecret = (format, key, alg) => {
  const bytes = bytesOfKey(key)
  if (format === 'raw' || format === 'raw-secret') return bytes.slice().buffer
  if (format !== 'jwk') throw error('NotSupportedError', `Unable to export a secret key as ${format}`)
  return { kty: 'oct', k: native.base64url(bytes), alg, key_ops: [...key.usages], ext: key.extractable }
}

const HMAC_ALG = { 'SHA-1': 'HS1', 'SHA-256': 'HS256', 'SHA-384': 'HS384', 'SHA-512': 'HS512' }
const hmac = {
  generate({ hash, length }, extractable, usages) {
    checkUsages(usages, ['sign', 'verify'])
    const name = hashName(hash)
    const size = length === undefined ? BLOCK_BYTES[hashOf(name)] * 8 : bits(length)
    if (!(size > 0)) throw error('OperationError', 'Zero-length key is not supported')
    needUsages(usages)
    return makeKey('secret', { name: 'HMAC', length: size, hash: { name } }, extractable, usages, native.random(Math.ceil(size / 8)))
  },
  import: (format, data, { hash, length }, extractable, usages) => importSecret(format, data, extractable, usages, {
    alg: () => HMAC_ALG[hashName(hash)],
    use: 'sig',
    allowed: ['sign', 'verify'],
    algorithmOf: (bytes) => {
      if (bytes.length === 0) throw error('DataError', 'Zero-length key is not supported')
      const size = bytes.length * 8
      if (length !== undefined && (length > size || length <= size - 8)) throw error('DataError', 'Invalid key length')
      return { name: 'HMAC', length: length ?? size, hash: { name: hashName(hash) } }
    },
  }),
  export: (format, key) => exportSecret(format, key, HMAC_ALG[key.algorithm.hash.name]),
  sign: (_, key, data) => native.hmac(hashOf(key.algorithm.hash), bytesOfKey(key), data),
  verify: (_, key, signature, data) => native.equal(native.hmac(hashOf(key.algorithm.hash), bytesOfKey(key), data), signature),
  lengthOf: ({ hash, length }) => {
    if (length === undefined) return BLOCK_BYTES[hashOf(hash)] * 8
    if (length === 0) throw new TypeError('Invalid key length')
    return length
  },
}

const aesLength = (length) => {
  const size = bits(length)
  if (![128, 192, 256].includes(size)) throw error('OperationError', 'AES key length must be 128, 192, or 256 bits')
  return size
}
const MODE = { 'AES-CBC': 'CBC', 'AES-CTR': 'CTR', 'AES-GCM': 'GCM', 'AES-KW': 'KW' }
const aes = (name, cipher) => ({
  generate({ length }, extractable, usages) {
    checkUsages(usages, aesUsages(name))
    const size = aesLength(length)
    needUsages(usages)
    return makeKey('secret', { name, length: size }, extractable, usages, native.random(size / 8))
  },
  import: (format, data, _, extractable, usages) => importSecret(format, data, extractable, usages, {
    alg: (bytes) => `A${bytes.length * 8}${MODE[name]}`,
    use: 'enc',
    allowed: aesUsages(name),
    algorithmOf: (bytes) => {
      if (![16, 24, 32].includes(bytes.length)) throw error('DataError', 'Invalid key length')
      return { name, length: bytes.length * 8 }
    },
  }),
  export: (format, key) => exportSecret(format, key, `A${key.algorithm.length}${MODE[name]}`),
  lengthOf: ({ length }) => aesLength(length),
  ...cipher,
})

const ivOf = ({ iv }, size) => {
  const bytes = bytesOf(iv, 'algorithm.iv')
  if (size !== undefined && bytes.length !== size) throw error('OperationError', `algorithm.iv must contain exactly ${size} bytes`)
  return bytes
}
const cbc = (encrypt) => (algorithm, key, data) => { const iv = ivOf(algorithm, 16); return operation(() => native.aesCbc(encrypt, bytesOfKey(key), iv, data, true)) }
const ctr = (algorithm, key, data) => {
  const counter = bytesOf(algorithm.counter, 'algorithm.counter')
  if (counter.length !== 16) throw error('OperationError', 'AES-CTR algorithm.counter must be 16 bytes')
  const size = bits(algorithm.length)
  if (!(size >= 1 && size <= 128)) throw error('OperationError', 'AES-CTR algorithm.length must be between 1 and 128')
  return operation(() => native.aesCtr(bytesOfKey(key), counter, data, size))
}
const tagBytes = ({ tagLength = 128 }) => {
  if (![32, 64, 96, 104, 112, 120, 128].includes(bits(tagLength))) throw error('OperationError', `${tagLength} is not a valid AES-GCM tag length`)
  return bits(tagLength) / 8
}
const aadOf = ({ additionalData }) => (additionalData === undefined ? EMPTY : bytesOf(additionalData))
const gcmEncrypt = (algorithm, key, data) => {
  const [iv, aad, tag] = [ivOf(algorithm), aadOf(algorithm), tagBytes(algorithm)]
  return operation(() => { const sealed = native.aesGcm(true, bytesOfKey(key), iv, aad, data, EMPTY); return sealed.subarray(0, sealed.length - 16 + tag) })
}
const gcmDecrypt = (algorithm, key, data) => {
  const [iv, aad, tag] = [ivOf(algorithm), aadOf(algorithm), tagBytes(algorithm)]
  if (data.length < tag) throw error('OperationError', 'The provided data is too small.')
  return operation(() => native.aesGcm(false, bytesOfKey(key), iv, aad, data.subarray(0, data.length - tag), data.subarray(data.length - tag)))
}

const derivation = (name, derive) => ({
  import(format, data, _, extractable, usages) {
    if (format !== 'raw' && format !== 'raw-secret') throw error('NotSupportedError', `Unable to import a ${name} key as ${format}`)
    checkUsages(usages, ['deriveKey', 'deriveBits'])
    if (extractable) throw error('SyntaxError', `${name} keys are not extractable`)
    needUsages(usages)
    return makeKey('secret', { name }, false, usages, bytesOf(data).slice())
  },
  lengthOf: () => null,
  deriveBits(algorithm, key, length) {
    if (!length || length % 8 !== 0) throw error('OperationError', 'length must be a multiple of 8, and not zero')
    return derive(algorithm, bytesOfKey(key), length / 8)
  },
})

export const secretAlgorithms = {
  HMAC: hmac,
  'AES-CBC': aes('AES-CBC', { encrypt: cbc(true), decrypt: cbc(false) }),
  'AES-CTR': aes('AES-CTR', { encrypt: ctr, decrypt: ctr }),
  'AES-GCM': aes('AES-GCM', { encrypt: gcmEncrypt, decrypt: gcmDecrypt }),
  'AES-KW': aes('AES-KW', {
    wrap: (_, key, data) => operation(() => native.aesKw(true, bytesOfKey(key), data)),
    unwrap: (_, key, data) => operation(() => native.aesKw(false, bytesOfKey(key), data)),
  }),
  HKDF: derivation('HKDF', ({ hash, salt, info }, key, length) => {
    const [name, salted, informed] = [hashOf(hash), bytesOf(salt, 'algorithm.salt'), bytesOf(info, 'algorithm.info')]
    return operation(() => native.hkdf(name, key, salted, informed, length))
  }),
  PBKDF2: derivation('PBKDF2', ({ hash, salt, iterations }, key, length) => {
    const [name, salted] = [hashOf(hash), bytesOf(salt, 'algorithm.salt')]
    if (!(Number(iterations) > 0)) throw error('OperationError', 'iterations cannot be zero')
    return operation(() => native.pbkdf2(name, key, salted, Number(iterations), length))
  }),
}
