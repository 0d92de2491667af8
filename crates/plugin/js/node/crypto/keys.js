// KeyObject, and reading keys: PEM, DER and JWK, RSA, EC, Ed25519, X25519 and secrets.
import { native } from '../../host.js'
import { bytesOfKey } from '../../web/crypto/key.js'
import { okpBytes, okpPkcs8, okpPublic, okpSpki } from '../../web/crypto/curves.js'
import { Buffer } from '../buffer.js'
import { coded, invalidType } from '../errors.js'

const { rsa, ec } = native
const CURVE_NAMES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }
export const curveOf = (name) => {
  const found = Object.keys(CURVE_NAMES).find((curve) => curve === name || CURVE_NAMES[curve] === name || (name === 'secp256r1' && curve === 'P-256'))
  if (!found) throw coded(TypeError, 'ERR_CRYPTO_INVALID_CURVE', `Invalid EC curve name: ${name}`)
  return found
}
/** Object identifiers in DER, as they stand in PKCS#8 and SPKI. */
const OIDS = { rsa: '2a864886f70d010101', pss: '2a864886f70d01010a', 'P-256': '2a8648ce3d030107', 'P-384': '2b81040022', 'P-521': '2b81040023', Ed25519: '06032b6570', X25519: '06032b656e' }

export const bytes = (data, encoding = 'utf8') => {
  if (typeof data === 'string') return Buffer.from(data, encoding)
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data)
}
export const buffer = (array) => Buffer.from(array.buffer, array.byteOffset, array.length)

/** `material`: secret bytes; PKCS#8 or SPKI of RSA and EC; the 32 bytes of the other curves. */
export class KeyObject {
  #type
  #kind
  #material
  constructor(type, kind, material) {
    if (!['secret', 'public', 'private'].includes(type)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'type' is invalid. Received '${type}'`)
    this.#type = type
    this.#kind = kind
    this.#material = material
  }
  static from(key) {
    const { name, namedCurve } = key.algorithm
    return new KeyObject(key.type, key.type === 'secret' ? 'secret' : namedCurve ?? (name.startsWith('RS') ? 'rsa' : name), bytesOfKey(key))
  }
  static _material(key) { return { type: key.#type, kind: key.#kind, material: key.#material } }
  get type() { return this.#type }
  get asymmetricKeyType() { return this.#type === 'secret' ? undefined : this.#kind in CURVE_NAMES ? 'ec' : this.#kind.toLowerCase() }
  get asymmetricKeyDetails() {
    if (this.#kind in CURVE_NAMES) return { namedCurve: CURVE_NAMES[this.#kind] }
    if (this.#kind !== 'rsa') return this.#type === 'secret' ? undefined : {}
    const [modulus, exponent] = rsa.parts(this.#material, this.#type === 'private')
    return { modulusLength: modulus.length * 8, publicExponent: BigInt(`0x${native.hex(exponent)}`) }
  }
  get symmetricKeySize() { return this.#type === 'secret' ? this.#material.length : undefined }
  equals(other) { return this.#type === other.#type && native.equal(this.#material, other.#material) }
  export(options = {}) {
    if (this.#type === 'secret') return options.format === 'jwk' ? { kty: 'oct', k: native.base64url(this.#material) } : buffer(this.#material)
    if (options.format === 'jwk') return this.#jwk()
    const isPrivate = this.#type === 'private'
    const [der, label] = options.type === 'pkcs1' ? [(isPrivate ? rsa.private : rsa.normalPublic)(this.#material, true), `RSA ${isPrivate ? 'PRIVATE' : 'PUBLIC'} KEY`] : [this._der(), `${isPrivate ? 'PRIVATE' : 'PUBLIC'} KEY`]
    return options.format === 'pem' ? toPem(der, label) : buffer(der)
  }
  _der() { return this.#kind in OKP ? (this.#type === 'private' ? okpPkcs8 : okpSpki)(this.#kind, this.#material) : this.#material }
  #jwk() {
    const [isPrivate, b64] = [this.#type === 'private', native.base64url]
    if (this.#kind === 'rsa') return { kty: 'RSA', ...Object.fromEntries(rsa.parts(this.#material, isPrivate).map((part, index) => [['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'][index], b64(part)])) }
    if (this.#kind in OKP) return { crv: this.#kind, ...(isPrivate ? { d: b64(this.#material) } : {}), x: b64(isPrivate ? okpPublic(this.#kind, this.#material) : this.#material), kty: 'OKP' }
    const point = ec.point(this.#kind, isPrivate ? ec.public(this.#kind, this.#material) : this.#material, false)
    const size = (point.length - 1) / 2
    return { kty: 'EC', crv: this.#kind, x: b64(point.subarray(1, 1 + size)), y: b64(point.subarray(1 + size)), ...(isPrivate ? { d: b64(ec.scalar(this.#kind, this.#material)) } : {}) }
  }
  get [Symbol.toStringTag]() { return 'KeyObject' }
}
const OKP = { Ed25519: true, X25519: true }
export const { _material: materialOf } = KeyObject
delete KeyObject._material

const toPem = (der, label) => `-----BEGIN ${label}-----\n${native.base64(der).replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
const bad = (message = 'error:1E08010C:DECODER routines::unsupported') => coded(Error, 'ERR_OSSL_UNSUPPORTED', message)

const fromDer = (der, isPrivate) => {
  const hex = native.hex(der.subarray(0, 64))
  const is = (name) => hex.includes(OIDS[name])
  const type = isPrivate ? 'private' : 'public'
  try {
    for (const curve of Object.keys(CURVE_NAMES)) {
      if (is(curve)) return new KeyObject(type, curve, isPrivate ? hex.includes('2a8648ce3d0201') ? ec.fromScalar(curve, ec.scalar(curve, der)) : ec.fromScalar(curve, der) : ec.fromPoint(curve, ec.point(curve, der, false)))
    }
    for (const name of Object.keys(OKP)) if (is(name)) return new KeyObject(type, name, okpBytes(name, der, isPrivate))
    return new KeyObject(type, 'rsa', isPrivate ? rsa.private(der, false) : rsa.normalPublic(der, false))
  } catch (cause) { throw Object.assign(bad(), { cause }) }
}
/** SEC1 names its curve near the end. */
const fromSec1 = (der) => {
  const hex = native.hex(der)
  const curve = Object.keys(CURVE_NAMES).find((name) => hex.includes(OIDS[name]))
  if (!curve) throw bad()
  return new KeyObject('private', curve, ec.fromScalar(curve, der))
}
const fromJwk = (jwk, wantPrivate) => {
  const get = (name) => native.fromBase64(jwk[name] ?? '')
  const isPrivate = wantPrivate && jwk.d !== undefined
  const type = isPrivate ? 'private' : 'public'
  if (jwk.kty === 'RSA') return new KeyObject(type, 'rsa', rsa.fromParts((isPrivate ? ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] : ['n', 'e']).map(get)))
  if (jwk.kty === 'EC') return new KeyObject(type, curveOf(jwk.crv), isPrivate ? ec.fromScalar(curveOf(jwk.crv), get('d')) : ec.fromPoint(curveOf(jwk.crv), new Uint8Array([4, ...get('x'), ...get('y')])))
  if (jwk.kty === 'OKP' && jwk.crv in OKP) return new KeyObject(type, jwk.crv, get(isPrivate ? 'd' : 'x'))
  throw coded(TypeError, 'ERR_CRYPTO_INVALID_JWK', 'Invalid JWK data')
}

/** The certificate's key: the SubjectPublicKeyInfo inside an X.509 DER. */
const spkiOf = (certificate) => {
  const read = (at) => {
    const [long, size] = [certificate[at + 1] & 0x80, certificate[at + 1] & 0x7f]
    const length = long ? certificate.subarray(at + 2, at + 2 + size).reduce((sum, byte) => sum * 256 + byte, 0) : size
    const start = at + 2 + (long ? size : 0)
    return { tag: certificate[at], start, end: start + length }
  }
  const body = read(read(0).start)
  let at = body.start
  if (read(at).tag === 0xa0) at = read(at).end
  for (let skip = 0; skip < 5; skip++) at = read(at).end
  return certificate.subarray(at, read(at).end)
}

export const parseKey = (input, wantPrivate) => {
  if (input instanceof KeyObject) return input
  if (input instanceof CryptoKey) return KeyObject.from(input)
  const options = typeof input === 'string' || ArrayBuffer.isView(input) || input instanceof ArrayBuffer ? { key: input } : input
  if (options.key instanceof KeyObject) return options.key
  if (options.key instanceof CryptoKey) return KeyObject.from(options.key)
  if (options.format === 'jwk') return fromJwk(options.key, wantPrivate)
  if (options.format === 'der') {
    const der = bytes(options.key, options.encoding)
    return options.type === 'sec1' ? fromSec1(der) : fromDer(der, wantPrivate)
  }
  const text = typeof options.key === 'string' ? options.key : native.latin1(bytes(options.key))
  const match = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/.exec(text)
  if (!match) throw bad()
  const [, label, body] = match
  const der = native.fromBase64(body.replace(/\s/g, ''))
  if (label.includes('ENCRYPTED') || /Proc-Type/.test(body)) throw bad('encrypted private keys are not supported')
  if (label === 'EC PRIVATE KEY') return fromSec1(der)
  if (label === 'CERTIFICATE') return fromDer(spkiOf(der), false)
  return fromDer(der, label.includes('PRIVATE'))
}

export const createSecretKey = (key, encoding) => new KeyObject('secret', 'secret', bytes(key, encoding).slice())
export const createPrivateKey = (input) => {
  const key = parseKey(input, true)
  if (key.type !== 'private') throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', 'Invalid key type')
  return key
}
export const createPublicKey = (input) => {
  const key = parseKey(input, false)
  if (key.type === 'public') return key
  const { kind, material } = materialOf(key)
  if (key.type === 'secret') throw coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE', 'Invalid key object type secret, expected private.')
  return new KeyObject('public', kind, kind === 'rsa' ? rsa.public(material) : kind in OKP ? okpPublic(kind, material) : ec.public(kind, material))
}

const encoded = (key, options) => (options ? key.export(options) : key)
export const generateKeyPairSync = (type, options = {}) => {
  let key
  if (type === 'rsa' || type === 'rsa-pss') key = new KeyObject('private', 'rsa', rsa.generate(options.modulusLength, options.publicExponent ?? 65537))
  else if (type === 'ec') key = new KeyObject('private', curveOf(options.namedCurve), ec.generate(curveOf(options.namedCurve)))
  else if (type === 'ed25519') key = new KeyObject('private', 'Ed25519', native.random(32))
  else if (type === 'x25519') key = new KeyObject('private', 'X25519', native.random(32))
  else throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'type' must be a supported key type. Received '${type}'`)
  return { publicKey: encoded(createPublicKey(key), options.publicKeyEncoding), privateKey: encoded(key, options.privateKeyEncoding) }
}
