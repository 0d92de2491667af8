// node:crypto over the plugin's natives.
import { native } from '../../host.js'
import { crypto as webcrypto } from '../../web/crypto/index.js'
import { coded, invalidType, unavailable } from '../errors.js'
import { CIPHERS, createCipheriv, createDecipheriv } from './cipher.js'
import { HASHES, Hash, Hmac, createHash, createHmac, hash, hashName } from './hash.js'
import { KeyObject, buffer, bytes, createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, materialOf } from './keys.js'
import { ECDH, Sign, Verify, createECDH, createSign, createVerify, diffieHellman, privateDecrypt, publicEncrypt, sign, verify } from './sign.js'

/** The callback form of a synchronous function. */
const deferred = (work) => (...args) => {
  const callback = args.pop()
  if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback)
  setImmediate(() => {
    let result
    try { result = work(...args) } catch (error) { callback(error); return }
    callback(null, result)
  })
}
const secret = (key) => (key instanceof KeyObject ? materialOf(key).material : bytes(key))
const digestOf = (name) => {
  const known = hashName(name)
  if (!known) throw coded(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`)
  return known
}

const randomBytes = (size, callback) => {
  if (typeof size !== 'number') throw invalidType('size', 'of type number', size)
  if (!(size >= 0 && size <= 0x7fffffff)) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "size" is out of range. It must be >= 0 && <= 2147483647. Received ${size}`)
  const result = buffer(native.random(size))
  if (!callback) return result
  setImmediate(() => callback(null, result))
}
const randomFillSync = (target, offset = 0, size = target.byteLength - offset) => {
  const view = bytes(target)
  view.set(native.random(size), offset)
  return target
}
const randomInt = (low, high, callback) => {
  if (high === undefined || typeof high === 'function') [low, high, callback] = [0, low, high]
  const range = high - low
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range <= 0 || range > 2 ** 48) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "max" is out of range. It must be greater than the value of "min" (${low}). Received ${high}`)
  const limit = 2 ** 48 - (2 ** 48 % range)
  let number
  do number = native.random(6).reduce((sum, byte) => sum * 256 + byte, 0)
  while (number >= limit)
  const result = low + (number % range)
  if (!callback) return result
  setImmediate(() => callback(null, result))
}
const pbkdf2Sync = (password, salt, iterations, length, digest) => buffer(native.pbkdf2(digestOf(digest), bytes(password), bytes(salt), iterations, length))
const hkdfSync = (digest, key, salt, info, length) => native.hkdf(digestOf(digest), secret(key), bytes(salt), bytes(info), length).buffer
const scryptSync = (password, salt, length, { N = 16384, cost = N, r = 8, blockSize = r, p = 1, parallelization = p, maxmem = 32 << 20 } = {}) => {
  const log = Math.log2(cost)
  if (!Number.isInteger(log) || 128 * cost * blockSize > maxmem) throw coded(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: memory limit exceeded')
  return buffer(native.scrypt(bytes(password), bytes(salt), log, blockSize, parallelization, length))
}
const generateKeySync = (type, { length }) => createSecretKey(native.random(length / 8), undefined, type)
const generateKeyPair = (type, options, callback) => {
  setImmediate(() => {
    let pair
    try { pair = generateKeyPairSync(type, options) } catch (error) { callback(error); return }
    callback(null, pair.publicKey, pair.privateKey)
  })
}
Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), { value: async (type, options) => generateKeyPairSync(type, options) })
const timingSafeEqual = (a, b) => {
  const [x, y] = [bytes(a), bytes(b)]
  if (x.length !== y.length) throw coded(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length')
  return native.equal(x, y)
}
const oneShot = (work) => (...args) => (typeof args.at(-1) === 'function' ? deferred(work)(...args) : work(...args))
const missing = (name) => () => { throw unavailable(`crypto.${name}`) }

export default {
  createHash, createHmac, Hash, Hmac, hash, createCipheriv, createDecipheriv, KeyObject, createSecretKey, createPrivateKey, createPublicKey, generateKeyPairSync, generateKeyPair, generateKeySync, generateKey: deferred(generateKeySync),
  Sign, Verify, createSign, createVerify, sign: oneShot(sign), verify: oneShot(verify), publicEncrypt, privateDecrypt, diffieHellman, ECDH, createECDH,
  randomBytes, pseudoRandomBytes: randomBytes, prng: randomBytes, rng: randomBytes, randomFillSync, randomInt, randomUUID: () => webcrypto.randomUUID(), getRandomValues: (array) => webcrypto.getRandomValues(array),
  randomFill: (target, ...args) => { const callback = args.pop(); deferred(randomFillSync)(target, ...args, callback) },
  pbkdf2Sync, pbkdf2: deferred(pbkdf2Sync), hkdfSync, hkdf: deferred(hkdfSync), scryptSync, scrypt: deferred(scryptSync), timingSafeEqual,
  getHashes: () => [...HASHES.map((name) => (name.startsWith('sha') && !name.includes('-') ? `RSA-${name.toUpperCase()}` : name)), ...HASHES], getCiphers: () => [...CIPHERS], getCurves: () => ['prime256v1', 'secp384r1', 'secp521r1'], getFips: () => 0, setFips() {},
  getCipherInfo: (name) => { const match = /^aes-(\d+)-(\w+)$/i.exec(name); return match ? { name: name.toLowerCase(), mode: match[2].toLowerCase(), keyLength: Number(match[1]) / 8, ivLength: match[2] === 'gcm' ? 12 : 16, blockSize: 16, nid: 0 } : undefined },
  webcrypto, subtle: webcrypto.subtle, CryptoKey,
  constants: { RSA_PKCS1_PADDING: 1, RSA_NO_PADDING: 3, RSA_PKCS1_OAEP_PADDING: 4, RSA_PKCS1_PSS_PADDING: 6, RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_MAX_SIGN: -2, RSA_PSS_SALTLEN_AUTO: -2, POINT_CONVERSION_COMPRESSED: 2, POINT_CONVERSION_UNCOMPRESSED: 4, defaultCoreCipherList: '', TLS1_2_VERSION: 771, TLS1_3_VERSION: 772 },
  createDiffieHellman: missing('createDiffieHellman'), getDiffieHellman: missing('getDiffieHellman'), privateEncrypt: missing('privateEncrypt'), publicDecrypt: missing('publicDecrypt'), X509Certificate: class X509Certificate { constructor() { throw unavailable('crypto.X509Certificate') } },
}
