// ECDSA and ECDH over the NIST curves, Ed25519 and X25519.
import { native } from '../../host.js'
import { bytesOf } from '../encoding.js'
import { CryptoKey, bytesOfKey, checkJwk, checkUsages, error, hashOf, makeKey, needUsages } from './key.js'

const { ec } = native
const CURVES = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }
const curveOf = ({ namedCurve }) => {
  if (!Object.hasOwn(CURVES, String(namedCurve))) throw error('NotSupportedError', `Unrecognized namedCurve: ${namedCurve}`)
  return String(namedCurve)
}
const wrong = (work) => { try { return work() } catch (cause) { throw Object.assign(error('DataError', 'The key is not valid'), { cause }) } }
const unsupported = (format, key) => error(['raw', 'raw-public', 'spki', 'pkcs8', 'jwk'].includes(format) ? 'InvalidAccessError' : 'NotSupportedError', `Unable to export a ${key.type} key as ${format}`)

/** The Weierstrass curves share one family; only their operations differ. */
const weierstrass = (name, publicUsages, privateUsages, operations) => ({
  generate(algorithm, extractable, usages) {
    checkUsages(usages, [...publicUsages, ...privateUsages])
    const namedCurve = curveOf(algorithm)
    const own = usages.filter((usage) => privateUsages.includes(usage))
    needUsages(own)
    const pkcs8 = ec.generate(namedCurve)
    return {
      publicKey: makeKey('public', { name, namedCurve }, true, usages.filter((usage) => publicUsages.includes(usage)), ec.public(namedCurve, pkcs8)),
      privateKey: makeKey('private', { name, namedCurve }, extractable, own, pkcs8),
    }
  },
  import(format, data, algorithm, extractable, usages) {
    const namedCurve = curveOf(algorithm)
    const isPrivate = format === 'pkcs8' || (format === 'jwk' && data.d !== undefined)
    checkUsages(usages, isPrivate ? privateUsages : publicUsages)
    if (isPrivate) needUsages(usages)
    const make = (der) => makeKey(isPrivate ? 'private' : 'public', { name, namedCurve }, extractable, usages, der)
    if (format === 'raw' || format === 'raw-public') return make(wrong(() => ec.fromPoint(namedCurve, bytesOf(data))))
    if (format === 'spki') return make(wrong(() => ec.fromPoint(namedCurve, ec.point(namedCurve, bytesOf(data), false))))
    if (format === 'pkcs8') return make(wrong(() => ec.fromScalar(namedCurve, ec.scalar(namedCurve, bytesOf(data)))))
    if (format !== 'jwk') throw error('NotSupportedError', `Unable to import an EC key as ${format}`)
    checkJwk(data, { kty: 'EC', use: name === 'ECDH' ? 'enc' : 'sig', usages, extractable })
    if (data.crv !== namedCurve) throw error('DataError', 'The JWK "crv" member does not fit')
    return make(wrong(() => {
      const [x, y] = [native.fromBase64(data.x), native.fromBase64(data.y)]
      if (x.length !== CURVES[namedCurve] || y.length !== CURVES[namedCurve]) throw new Error('coordinates of another length')
      const spki = ec.fromPoint(namedCurve, new Uint8Array([4, ...x, ...y]))
      if (!isPrivate) return spki
      const pkcs8 = ec.fromScalar(namedCurve, native.fromBase64(data.d))
      if (!native.equal(ec.public(namedCurve, pkcs8), spki)) throw new Error('the public part is of another key')
      return pkcs8
    }))
  },
  export(format, key) {
    const { namedCurve } = key.algorithm
    const isPrivate = key.type === 'private'
    if (format === (isPrivate ? 'pkcs8' : 'spki')) return bytesOfKey(key).slice().buffer
    const point = ec.point(namedCurve, isPrivate ? ec.public(namedCurve, bytesOfKey(key)) : bytesOfKey(key), false)
    if (!isPrivate && (format === 'raw' || format === 'raw-public')) return point.slice().buffer
    if (format !== 'jwk') throw unsupported(format, key)
    const size = CURVES[namedCurve]
    const jwk = { kty: 'EC', crv: namedCurve, x: native.base64url(point.subarray(1, 1 + size)), y: native.base64url(point.subarray(1 + size)) }
    if (isPrivate) jwk.d = native.base64url(ec.scalar(namedCurve, bytesOfKey(key)))
    return { ...jwk, key_ops: [...key.usages], ext: key.extractable }
  },
  ...operations,
})

const digestFor = (algorithm, key, data) => {
  const digest = native.digest(hashOf(algorithm.hash), data)
  // ECDSA takes the leftmost bits; a short digest is the same number with zeros before it.
  const size = CURVES[key.algorithm.namedCurve]
  if (digest.length >= size / 2) return digest
  const padded = new Uint8Array(size)
  padded.set(digest, size - digest.length)
  return padded
}

/** RFC 8410: a fixed head before the key's 32 bytes. */
const OKP = {
  Ed25519: { oid: 0x70, public: native.ed25519Public },
  X25519: { oid: 0x6e, public: native.x25519Public },
}
export const okpPkcs8 = (name, seed) => new Uint8Array([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, OKP[name].oid, 4, 0x22, 4, 0x20, ...seed])
export const okpSpki = (name, key) => new Uint8Array([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, OKP[name].oid, 3, 0x21, 0, ...key])
export const okpPublic = (name, seed) => OKP[name].public(seed)
/** The 32 bytes in a PKCS#8 or SPKI of that curve, or an error. */
export const okpBytes = (name, der, isPrivate) => {
  const head = (isPrivate ? okpPkcs8 : okpSpki)(name, [])
  const fits = isPrivate
    ? der.length >= 48 && der[4] <= 1 && native.equal(der.slice(5, 16), head.subarray(5, 16))
    : der.length === 44 && native.equal(der.slice(0, 12), head)
  if (!fits) throw error('DataError', `The key is not of ${name}`)
  return isPrivate ? der.slice(16, 48) : der.slice(12)
}

const edwards = (name, publicUsages, privateUsages, operations) => ({
  generate(_, extractable, usages) {
    checkUsages(usages, [...publicUsages, ...privateUsages])
    const own = usages.filter((usage) => privateUsages.includes(usage))
    needUsages(own)
    const seed = native.random(32)
    return {
      publicKey: makeKey('public', { name }, true, usages.filter((usage) => publicUsages.includes(usage)), okpPublic(name, seed)),
      privateKey: makeKey('private', { name }, extractable, own, seed),
    }
  },
  import(format, data, _, extractable, usages) {
    const isPrivate = format === 'pkcs8' || (format === 'jwk' && data.d !== undefined)
    checkUsages(usages, isPrivate ? privateUsages : publicUsages)
    if (isPrivate) needUsages(usages)
    let bytes
    if (format === 'raw' || format === 'raw-public') bytes = bytesOf(data).slice()
    else if (format === 'spki' || format === 'pkcs8') bytes = okpBytes(name, bytesOf(data), isPrivate)
    else if (format === 'jwk') {
      checkJwk(data, { kty: 'OKP', use: name === 'X25519' ? 'enc' : 'sig', usages, extractable })
      if (data.crv !== name) throw error('DataError', 'The JWK "crv" member does not fit')
      bytes = native.fromBase64(isPrivate ? data.d : data.x ?? '')
      if (isPrivate && bytes.length === 32 && native.base64url(okpPublic(name, bytes)) !== data.x) throw error('DataError', 'Invalid JWK')
    } else throw error('NotSupportedError', `Unable to import a ${name} key as ${format}`)
    if (bytes.length !== 32) throw error('DataError', 'Invalid key length')
    return makeKey(isPrivate ? 'private' : 'public', { name }, extractable, usages, bytes)
  },
  export(format, key) {
    const isPrivate = key.type === 'private'
    const bytes = bytesOfKey(key)
    if (!isPrivate && (format === 'raw' || format === 'raw-public')) return bytes.slice().buffer
    if (format === (isPrivate ? 'pkcs8' : 'spki')) return (isPrivate ? okpPkcs8 : okpSpki)(name, bytes).buffer
    if (format !== 'jwk') throw unsupported(format, key)
    const jwk = { kty: 'OKP', crv: name, x: native.base64url(isPrivate ? okpPublic(name, bytes) : bytes) }
    return { ...jwk, ...(isPrivate ? { d: native.base64url(bytes) } : {}), key_ops: [...key.usages], ext: key.extractable }
  },
  ...operations,
})

const agreement = (secretOf) => ({
  deriveBits(algorithm, key, length) {
    const other = algorithm.public
    if (!(other instanceof CryptoKey)) throw new TypeError('algorithm.public is not a CryptoKey')
    if (other?.type !== 'public' || other.algorithm.name !== key.algorithm.name || other.algorithm.namedCurve !== key.algorithm.namedCurve) throw error('InvalidAccessError', 'The public key does not fit the private one')
    let secret
    try { secret = secretOf(key, other) } catch (cause) { throw Object.assign(error('OperationError', 'The derivation failed'), { cause }) }
    if (length === null || length === undefined) return secret
    if (length > secret.length * 8) throw error('OperationError', 'length is too long')
    const bits = secret.slice(0, Math.ceil(length / 8))
    if (length % 8 !== 0) bits[bits.length - 1] &= 0xff << (8 - (length % 8))
    return bits
  },
})

export const curveAlgorithms = {
  ECDSA: weierstrass('ECDSA', ['verify'], ['sign'], {
    sign: (algorithm, key, data) => ec.sign(key.algorithm.namedCurve, bytesOfKey(key), digestFor(algorithm, key, data)),
    verify: (algorithm, key, signature, data) => ec.verify(key.algorithm.namedCurve, bytesOfKey(key), digestFor(algorithm, key, data), signature),
  }),
  ECDH: weierstrass('ECDH', [], ['deriveKey', 'deriveBits'], agreement((key, other) => ec.derive(key.algorithm.namedCurve, bytesOfKey(key), bytesOfKey(other)))),
  Ed25519: edwards('Ed25519', ['verify'], ['sign'], {
    sign: (_, key, data) => native.ed25519Sign(bytesOfKey(key), data),
    verify: (_, key, signature, data) => native.ed25519Verify(bytesOfKey(key), data, signature),
  }),
  X25519: edwards('X25519', [], ['deriveKey', 'deriveBits'], agreement((key, other) => native.x25519Derive(bytesOfKey(key), bytesOfKey(other)))),
}
