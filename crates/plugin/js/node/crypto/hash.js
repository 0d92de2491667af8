// Hash and Hmac: chunks are kept and hashed natively at the end.
import { native } from '../../host.js'
import { Buffer } from '../buffer.js'
import { coded } from '../errors.js'
import { Transform } from '../stream.js'
import { KeyObject, buffer, bytes, materialOf } from './keys.js'

export const HASHES = ['md5', 'ripemd160', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-224', 'sha512-256', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512']
/** `RSA-SHA256`, `SHA-256`, `sha512/256` → the native name. */
export const hashName = (name) => {
  const plain = String(name).toLowerCase().replace(/^rsa-/, '').replace(/^sha-(?=\d)/, 'sha').replace('/', '-').replace('rmd160', 'ripemd160').replace(/^ripemd$/, 'ripemd160')
  return HASHES.includes(plain) ? plain : undefined
}
const known = (name) => {
  const hash = hashName(name)
  if (!hash) throw coded(Error, 'ERR_OSSL_EVP_UNSUPPORTED', 'Digest method not supported')
  return hash
}

class Digesting extends Transform {
  _chunks = []
  _done = false
  update(data, encoding) {
    if (this._done) throw coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called')
    // A caller may change its buffer afterwards.
    this._chunks.push(typeof data === 'string' ? bytes(data, encoding) : bytes(data).slice())
    return this
  }
  digest(encoding) {
    if (this._done) throw coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called')
    this._done = true
    const result = buffer(this._finish(this._chunks.length === 1 ? this._chunks[0] : Buffer.concat(this._chunks)))
    return encoding && encoding !== 'buffer' ? result.toString(encoding) : result
  }
  _transform(chunk, encoding, callback) { this.update(chunk, encoding); callback() }
  _flush(callback) { this.push(this.digest()); callback() }
}

export class Hash extends Digesting {
  constructor(name, options) { super(options); this._hash = known(name); this._size = options?.outputLength }
  _finish(data) { const digest = native.digest(this._hash, data); return this._size === undefined ? digest : digest.subarray(0, this._size) }
  copy() { const copy = new Hash(this._hash); copy._chunks = [...this._chunks]; return copy }
}
export class Hmac extends Digesting {
  constructor(name, key, options) {
    super(options)
    this._hash = hashName(name)
    if (!this._hash) throw coded(Error, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${name}`)
    this._key = key instanceof KeyObject ? materialOf(key).material : key instanceof CryptoKey ? materialOf(KeyObject.from(key)).material : bytes(key, options?.encoding)
  }
  _finish(data) { return native.hmac(this._hash, this._key, data) }
}
/** Both can be made without `new`. */
export const createHash = (name, options) => new Hash(name, options)
export const createHmac = (name, key, options) => new Hmac(name, key, options)
export const hash = (name, data, encoding = 'hex') => createHash(name).update(data).digest(encoding)
