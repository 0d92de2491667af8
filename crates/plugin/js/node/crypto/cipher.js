// createCipheriv and createDecipheriv: AES in CBC, CTR, ECB and GCM.
import { native } from '../../host.js'
import { Buffer } from '../buffer.js'
import { coded } from '../errors.js'
import { Transform } from '../stream.js'
import { KeyObject, buffer, bytes, materialOf } from './keys.js'

const NAME = /^(?:id-)?aes-?(128|192|256)-(cbc|ctr|ecb|gcm)$/i
export const CIPHERS = ['128', '192', '256'].flatMap((size) => ['cbc', 'ctr', 'ecb', 'gcm'].map((mode) => `aes-${size}-${mode}`))
const EMPTY = new Uint8Array(0)

class Cipher extends Transform {
  #encrypt
  #mode
  #key
  #iv
  #padded = true
  #aad = []
  #pending = []
  #tag = null
  #tagLength
  #done = false
  #carry = Buffer.alloc(0)
  constructor(encrypt, name, key, iv, options = {}) {
    super(options)
    const match = NAME.exec(name)
    if (!match) throw coded(RangeError, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher')
    this.#encrypt = encrypt
    this.#mode = match[2].toLowerCase()
    this.#key = key instanceof KeyObject ? materialOf(key).material : bytes(key)
    this.#iv = iv == null ? EMPTY : bytes(iv).slice()
    this.#tagLength = options?.authTagLength ?? 16
    if (this.#key.length * 8 !== Number(match[1])) throw coded(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length')
    const fits = this.#mode === 'ecb' ? this.#iv.length === 0 : this.#mode === 'gcm' ? this.#iv.length > 0 : this.#iv.length === 16
    if (!fits) throw coded(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector')
  }
  setAutoPadding(padded = true) { this.#padded = padded; return this }
  setAAD(data) { this.#aad.push(bytes(data)); return this }
  setAuthTag(tag, encoding) { this.#tag = bytes(tag, encoding); return this }
  getAuthTag() {
    if (this.#tag === null || !this.#encrypt) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Invalid state for operation getAuthTag')
    return buffer(this.#tag.slice(0, this.#tagLength))
  }
  /** What can be said now: CBC and ECB give whole blocks, CTR everything, GCM what its keystream gives. */
  update(data, inputEncoding, outputEncoding) {
    if (this.#done) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state')
    const chunk = bytes(data, inputEncoding)
    return this.#out(this.#mode === 'gcm' || this.#mode === 'ctr' ? this.#stream(chunk) : this.#blocks(chunk), outputEncoding)
  }
  #stream(chunk) {
    const before = this.#pending.reduce((sum, one) => sum + one.length, 0)
    this.#pending.push(chunk.slice())
    const all = Buffer.concat(this.#pending)
    if (this.#mode === 'ctr') return this.#ctr(all, before)
    return native.aesGcm(true, this.#key, this.#iv, EMPTY, all, EMPTY).subarray(before, all.length)
  }
  #ctr(all, before) {
    const skip = before % 16
    const counter = (BigInt(`0x${native.hex(this.#iv)}`) + BigInt((before - skip) / 16)) & ((1n << 128n) - 1n)
    const output = native.aesCtr(this.#key, native.fromHex(counter.toString(16).padStart(32, '0')), all.subarray(before - skip), 128)
    return output.subarray(skip)
  }
  #blocks(chunk) {
    const all = Buffer.concat([this.#carry, chunk])
    // A decipher keeps one block back: it may be the padding.
    const keep = all.length % 16 || (!this.#encrypt && this.#padded && all.length > 0 ? 16 : 0)
    const ready = all.subarray(0, all.length - (this.#encrypt || !this.#padded ? all.length % 16 : keep))
    this.#carry = all.subarray(ready.length)
    if (ready.length === 0) return EMPTY
    return this.#crypt(ready, false)
  }
  #crypt(data, padded) {
    let output
    try {
      output = this.#mode === 'ecb' ? native.aesEcb(this.#encrypt, this.#key, data, padded) : native.aesCbc(this.#encrypt, this.#key, this.#iv, data, padded)
    } catch (error) {
      throw coded(Error, error.message === 'bad decrypt' ? 'ERR_OSSL_BAD_DECRYPT' : 'ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH', `error:1C800064:Provider routines::${error.message}`, { reason: error.message })
    }
    const chained = this.#encrypt ? output : data
    if (chained.length >= 16) this.#iv = chained.slice(chained.length - 16)
    return output
  }
  final(encoding) {
    if (this.#done) throw coded(Error, 'ERR_CRYPTO_INVALID_STATE', 'Unsupported state')
    this.#done = true
    if (this.#mode === 'ctr') return this.#out(EMPTY, encoding)
    if (this.#mode === 'gcm') return this.#out(this.#seal(), encoding)
    return this.#out(this.#carry.length === 0 && !this.#padded ? EMPTY : this.#crypt(this.#carry, this.#padded), encoding)
  }
  #seal() {
    const [all, aad] = [Buffer.concat(this.#pending), Buffer.concat(this.#aad)]
    if (this.#encrypt) {
      this.#tag = native.aesGcm(true, this.#key, this.#iv, aad, all, EMPTY).slice(all.length)
      return EMPTY
    }
    if (this.#tag === null) throw new Error('Unsupported state or unable to authenticate data')
    try { native.aesGcm(false, this.#key, this.#iv, aad, all, this.#tag) } catch { throw new Error('Unsupported state or unable to authenticate data') }
    return EMPTY
  }
  #out(result, encoding) { const output = Buffer.from(result); return encoding && encoding !== 'buffer' ? output.toString(encoding) : output }
  _transform(chunk, encoding, callback) { try { this.push(this.update(chunk, encoding)); callback() } catch (error) { callback(error) } }
  _flush(callback) { try { this.push(this.final()); callback() } catch (error) { callback(error) } }
}
export const createCipheriv = (name, key, iv, options) => new Cipher(true, name, key, iv, options)
export const createDecipheriv = (name, key, iv, options) => new Cipher(false, name, key, iv, options)
