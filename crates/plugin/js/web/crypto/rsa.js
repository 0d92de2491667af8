// RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP. Keys are kept as PKCS#8 and SPKI.
import { native } from '../../host.js'
import { bytesOf } from '../encoding.js'
import { HASH_BYTES, bytesOfKey, checkJwk, checkUsages, error, hashName, hashOf, makeKey, needUsages } from './key.js'

const { rsa } = native
const PRIVATE_PARTS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']
const OAEP_ALG = { 'SHA-1': 'RSA-OAEP', 'SHA-256': 'RSA-OAEP-256', 'SHA-384': 'RSA-OAEP-384', 'SHA-512': 'RSA-OAEP-512' }
const bitsOf = (hash) => (hash === 'SHA-1' ? '1' : hash.slice(4))
const jwkAlg = (name, hash) => (name === 'RSA-OAEP' ? OAEP_ALG[hash] : `${name === 'RSA-PSS' ? 'PS' : 'RS'}${bitsOf(hash)}`)

const wrong = (work) => { try { return work() } catch (cause) { throw Object.assign(error('DataError', 'The key is not valid'), { cause }) } }

const describe = (name, hash, spki) => {
  const [modulus, exponent] = rsa.parts(spki, false)
  return { name, modulusLength: modulus.length * 8, publicExponent: exponent, hash: { name: hashName(hash) } }
}

const family = (name, publicUsages, privateUsages, operations) => ({
  generate({ modulusLength, publicExponent, hash }, extractable, usages) {
    checkUsages(usages, [...publicUsages, ...privateUsages])
    const exponent = [...bytesOf(publicExponent)].reduce((sum, byte) => sum * 256 + byte, 0)
    if (exponent !== 3 && exponent !== 65537) throw error('OperationError', 'The exponent is neither 3 nor 65537')
    const own = usages.filter((usage) => privateUsages.includes(usage))
    needUsages(own)
    const pkcs8 = rsa.generate(Number(modulusLength), exponent)
    const spki = rsa.public(pkcs8)
    const algorithm = describe(name, hash, spki)
    return {
      publicKey: makeKey('public', algorithm, true, usages.filter((usage) => publicUsages.includes(usage)), spki),
      privateKey: makeKey('private', algorithm, extractable, own, pkcs8),
    }
  },
  import(format, data, { hash }, extractable, usages) {
    const isPrivate = format === 'pkcs8' || (format === 'jwk' && data.d !== undefined)
    checkUsages(usages, isPrivate ? privateUsages : publicUsages)
    let der
    if (format === 'pkcs8') der = wrong(() => rsa.private(bytesOf(data), false))
    else if (format === 'spki') der = wrong(() => rsa.normalPublic(bytesOf(data), false))
    else if (format === 'jwk') {
      checkJwk(data, { kty: 'RSA', use: name === 'RSA-OAEP' ? 'enc' : 'sig', usages, extractable, alg: jwkAlg(name, hashName(hash)) })
      const names = !isPrivate ? ['n', 'e'] : data.p === undefined ? ['n', 'e', 'd'] : PRIVATE_PARTS
      if (names.some((part) => typeof data[part] !== 'string')) throw error('DataError', 'The JWK lacks a member')
      der = wrong(() => rsa.fromParts(names.map((part) => native.fromBase64(data[part]))))
    } else throw error('NotSupportedError', `Unable to import an RSA key as ${format}`)
    if (isPrivate) needUsages(usages)
    return makeKey(isPrivate ? 'private' : 'public', describe(name, hash, isPrivate ? rsa.public(der) : der), extractable, usages, der)
  },
  export(format, key) {
    const isPrivate = key.type === 'private'
    if (format === 'jwk') {
      const parts = rsa.parts(bytesOfKey(key), isPrivate).map((part) => native.base64url(part))
      const members = Object.fromEntries(parts.map((part, index) => [PRIVATE_PARTS[index], part]))
      return { kty: 'RSA', ...members, alg: jwkAlg(name, key.algorithm.hash.name), key_ops: [...key.usages], ext: key.extractable }
    }
    if (format !== (isPrivate ? 'pkcs8' : 'spki')) throw error(format === 'spki' || format === 'pkcs8' ? 'InvalidAccessError' : 'NotSupportedError', `Unable to export a ${key.type} RSA key as ${format}`)
    return bytesOfKey(key).slice().buffer
  },
  ...operations,
})

const saltOf = ({ saltLength }, key) => (saltLength === undefined ? HASH_BYTES[hashOf(key.algorithm.hash)] : Number(saltLength))
const signing = (pss) => ({
  sign(algorithm, key, data) {
    try {
      return rsa.sign(pss, hashOf(key.algorithm.hash), bytesOfKey(key), data, pss ? saltOf(algorithm, key) : 0)
    } catch (cause) { throw Object.assign(error('OperationError', 'The operation failed'), { cause }) }
  },
  verify: (algorithm, key, signature, data) => rsa.verify(pss, hashOf(key.algorithm.hash), bytesOfKey(key), data, signature, pss ? saltOf(algorithm, key) : 0),
})
const labelOf = ({ label }) => (label === undefined ? new Uint8Array(0) : bytesOf(label))
const oaep = (work) => (algorithm, key, data) => {
  try { return work(hashOf(key.algorithm.hash), bytesOfKey(key), data, labelOf(algorithm)) } catch (cause) {
    throw Object.assign(error('OperationError', 'The operation failed for an operation-specific reason'), { cause })
  }
}

export const rsaAlgorithms = {
  'RSASSA-PKCS1-v1_5': family('RSASSA-PKCS1-v1_5', ['verify'], ['sign'], signing(false)),
  'RSA-PSS': family('RSA-PSS', ['verify'], ['sign'], signing(true)),
  'RSA-OAEP': family('RSA-OAEP', ['encrypt', 'wrapKey'], ['decrypt', 'unwrapKey'], { encrypt: oaep(rsa.encrypt), decrypt: oaep(rsa.decrypt) }),
}
