// Sign and Verify, one-shot signatures, RSA encryption, key agreement.
import { native } from '../../host.js'
import { Buffer } from '../buffer.js'
import { coded } from '../errors.js'
import { Writable } from '../stream.js'
import { hashName } from './hash.js'
import { KeyObject, buffer, bytes, createPrivateKey, createPublicKey, curveOf, materialOf } from './keys.js'

const { rsa, ec } = native
const SIZE = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }
const PSS = 6
const OAEP = 4
const HASH_BYTES = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 }

/** r‖s ↔ DER SEQUENCE of two INTEGERs. */
const toDer = (signature) => {
  const integer = (part) => {
    let start = 0
    while (start < part.length - 1 && part[start] === 0) start++
    const body = part[start] & 0x80 ? [0, ...part.subarray(start)] : [...part.subarray(start)]
    return [2, body.length, ...body]
  }
  const half = signature.length / 2
  const body = [...integer(signature.subarray(0, half)), ...integer(signature.subarray(half))]
  return new Uint8Array([0x30, ...(body.length > 127 ? [0x81, body.length] : [body.length]), ...body])
}
const fromDer = (der, size) => {
  const result = new Uint8Array(size * 2)
  let at = der[1] & 0x80 ? 3 : 2
  for (const end of [size, size * 2]) {
    const part = der.subarray(at + 2, at + 2 + der[at + 1])
    const trimmed = part.subarray(Math.max(0, part.length - size))
    result.set(trimmed, end - trimmed.length)
    at += 2 + der[at + 1]
  }
  return result
}
const optionsOf = (key) => (typeof key === 'object' && key !== null && !(key instanceof KeyObject) && !ArrayBuffer.isView(key) && !(key instanceof CryptoKey) ? key : {})
const saltOf = ({ saltLength }, hash, material, isPrivate) => {
  if (saltLength === undefined || saltLength === -1) return saltLength === -1 || !isPrivate ? HASH_BYTES[hash] : rsa.parts(material, true)[0].length - HASH_BYTES[hash] - 2
  return saltLength === -2 ? rsa.parts(material, isPrivate)[0].length - HASH_BYTES[hash] - 2 : saltLength
}
const padded = (digest, curve) => (digest.length >= SIZE[curve] / 2 ? digest : Buffer.concat([Buffer.alloc(SIZE[curve] - digest.length), digest]))

const signWith = (name, data, given) => {
  const options = optionsOf(given)
  const { kind, material } = materialOf(createPrivateKey(given))
  if (kind === 'Ed25519') return native.ed25519Sign(material, data)
  const hash = hashName(name ?? 'sha256')
  if (!hash) throw coded(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`)
  if (kind === 'rsa') return rsa.sign(options.padding === PSS, hash, material, data, options.padding === PSS ? saltOf(options, hash, material, true) : 0)
  const signature = ec.sign(kind, material, padded(native.digest(hash, data), kind))
  return options.dsaEncoding === 'ieee-p1363' ? signature : toDer(signature)
}
const verifyWith = (name, data, given, signature) => {
  const options = optionsOf(given)
  const { kind, material } = materialOf(createPublicKey(given))
  if (kind === 'Ed25519') return signature.length === 64 && native.ed25519Verify(material, data, signature)
  const hash = hashName(name ?? 'sha256')
  if (!hash) throw coded(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`)
  if (kind === 'rsa') return rsa.verify(options.padding === PSS, hash, material, data, signature, options.padding === PSS ? saltOf(options, hash, material, false) : 0)
  const raw = options.dsaEncoding === 'ieee-p1363' ? signature : fromDer(signature, SIZE[kind])
  return ec.verify(kind, material, padded(native.digest(hash, data), kind), raw)
}

class Signing extends Writable {
  _chunks = []
  constructor(name, options) { super(options); this._name = name }
  update(data, encoding) { this._chunks.push(bytes(data, encoding).slice()); return this }
  _write(chunk, encoding, callback) { this.update(chunk, encoding); callback() }
}
export class Sign extends Signing {
  sign(key, encoding) { const result = buffer(signWith(this._name, Buffer.concat(this._chunks), key)); return encoding ? result.toString(encoding) : result }
}
export class Verify extends Signing {
  verify(key, signature, encoding) { return verifyWith(this._name, Buffer.concat(this._chunks), key, bytes(signature, encoding)) }
}
export const createSign = (name, options) => new Sign(name, options)
export const createVerify = (name, options) => new Verify(name, options)
export const sign = (name, data, key) => buffer(signWith(name, bytes(data), key))
export const verify = (name, data, key, signature) => verifyWith(name, bytes(data), key, bytes(signature))

const NO_LABEL = new Uint8Array(0)
const rsaCrypt = (work, read, otherwise) => (given, data) => {
  const { padding = otherwise, oaepHash = 'sha1', oaepLabel } = optionsOf(given)
  const { kind, material } = materialOf(read(given))
  if (kind !== 'rsa') throw coded(Error, 'ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE', 'operation not supported for this keytype')
  return buffer(work(padding === OAEP ? hashName(oaepHash) : '', material, bytes(data), oaepLabel === undefined ? NO_LABEL : bytes(oaepLabel)))
}
export const publicEncrypt = rsaCrypt(rsa.encrypt, createPublicKey, OAEP)
export const privateDecrypt = rsaCrypt(rsa.decrypt, createPrivateKey, OAEP)

export const diffieHellman = ({ privateKey, publicKey }) => {
  const [own, other] = [materialOf(privateKey), materialOf(publicKey)]
  return buffer(own.kind === 'X25519' ? native.x25519Derive(own.material, other.material) : ec.derive(own.kind, own.material, other.material))
}
export class ECDH {
  #curve
  #key = null
  constructor(name) { this.#curve = curveOf(name) }
  generateKeys(encoding, format) { this.#key = ec.generate(this.#curve); return this.getPublicKey(encoding, format) }
  getPublicKey(encoding, format) { const point = buffer(ec.point(this.#curve, ec.public(this.#curve, this.#key), format === 'compressed')); return encoding ? point.toString(encoding) : point }
  getPrivateKey(encoding) { const scalar = buffer(ec.scalar(this.#curve, this.#key)); return encoding ? scalar.toString(encoding) : scalar }
  setPrivateKey(key, encoding) { this.#key = ec.fromScalar(this.#curve, bytes(key, encoding)) }
  computeSecret(other, inputEncoding, outputEncoding) {
    const secret = buffer(ec.derive(this.#curve, this.#key, ec.fromPoint(this.#curve, bytes(other, inputEncoding))))
    return outputEncoding ? secret.toString(outputEncoding) : secret
  }
}
export const createECDH = (name) => new ECDH(name)
