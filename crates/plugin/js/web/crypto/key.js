// CryptoKey, and what every algorithm needs: names, usages, errors.
import { define, idl } from '../../host.js'
import { DOMException } from '../dom-exception.js'

const MAKE = Symbol('make')

export class CryptoKey {
  #type
  #algorithm
  #extractable
  #usages
  constructor(key, type, algorithm, extractable, usages) {
    if (key !== MAKE) throw new TypeError('Illegal constructor')
    this.#type = type
    this.#algorithm = algorithm
    this.#extractable = extractable
    this.#usages = [...new Set(usages)]
  }
  get type() { return this.#type }
  get algorithm() { return this.#algorithm }
  get extractable() { return this.#extractable }
  get usages() { return this.#usages }
}
idl(CryptoKey)
define({ CryptoKey })

const held = new WeakMap()

/** A key and its bytes: raw for secrets and curve 25519, PKCS#8 for private keys, SPKI for public ones. */
export const makeKey = (type, algorithm, extractable, usages, bytes) => {
  const key = new CryptoKey(MAKE, type, algorithm, Boolean(extractable), usages)
  held.set(key, bytes)
  return key
}
export const bytesOfKey = (key) => held.get(key)

export const error = (name, message) => new DOMException(message, name)

/** `{ name: 'AES-GCM', … }` from an identifier, with the name as the standard writes it. */
export const normalise = (identifier, known) => {
  const given = typeof identifier === 'string' ? { name: identifier } : identifier
  if (given === null || typeof given !== 'object' || given.name === undefined) throw new TypeError("The algorithm's name is missing")
  const wanted = String(given.name).toUpperCase()
  const name = known.find((one) => one.toUpperCase() === wanted)
  if (!name) throw error('NotSupportedError', `Unrecognized algorithm name: ${given.name}`)
  const algorithm = { ...given, name }
  // Of the dictionaries, this member is an identifier itself.
  if (known !== HASH_NAMES && algorithm.hash !== undefined) normalise(algorithm.hash, HASH_NAMES)
  return algorithm
}

const HASHES = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512', 'SHA3-256': 'sha3-256', 'SHA3-384': 'sha3-384', 'SHA3-512': 'sha3-512' }
export const HASH_NAMES = Object.keys(HASHES)
/** The native name of a hash identifier. */
export const hashOf = (identifier) => HASHES[normalise(identifier, HASH_NAMES).name]
export const hashName = (identifier) => normalise(identifier, HASH_NAMES).name
export const HASH_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64, 'sha3-256': 32, 'sha3-384': 48, 'sha3-512': 64 }
export const BLOCK_BYTES = { sha1: 64, sha256: 64, sha384: 128, sha512: 128, 'sha3-256': 136, 'sha3-384': 104, 'sha3-512': 72 }

export const checkUsages = (usages, allowed) => {
  const wrong = [...usages].find((usage) => !allowed.includes(usage))
  if (wrong !== undefined) throw error('SyntaxError', `Unsupported key usage: ${wrong}`)
}
export const needUsages = (usages) => { if (usages.length === 0) throw error('SyntaxError', 'Usages cannot be empty when creating a key.') }

/** What every JWK is checked for. */
export const checkJwk = (jwk, { kty, use, usages, extractable, alg }) => {
  if (jwk.kty !== kty) throw error('DataError', `The JWK "kty" member was not "${kty}"`)
  if (usages.length > 0 && jwk.use !== undefined && use !== undefined && jwk.use !== use) throw error('DataError', 'The JWK "use" member does not fit')
  if (Array.isArray(jwk.key_ops) && usages.some((usage) => !jwk.key_ops.includes(usage))) throw error('DataError', 'The JWK "key_ops" member does not hold the usages')
  if (jwk.ext === false && extractable) throw error('DataError', 'The JWK "ext" member is false and extractable is true')
  if (alg !== undefined && jwk.alg !== undefined && jwk.alg !== alg) throw error('DataError', 'The JWK "alg" member does not fit')
}
