// application/x-www-form-urlencoded (URL Standard §5).
import { native } from '../host.js'

const decodePart = (text) => {
  const plain = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!plain.includes('%')) return plain
  try {
    return decodeURIComponent(plain)
  } catch {
    const raw = native.latin1(native.utf8(plain)).replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    return native.fromUtf8(native.fromLatin1(raw))
  }
}

const SAFE = /^[A-Za-z0-9*\-._]*$/
const encodePart = (text) => (SAFE.test(text)
  ? text
  : encodeURIComponent(text).replace(/[!'()~]|%20/g, (found) => (found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`)))

/** Name-value pairs of a query without its question mark. */
export const formDecode = (query) => query.split('&').filter((part) => part !== '').map((part) => {
  const at = part.indexOf('=')
  return at < 0 ? [decodePart(part), ''] : [decodePart(part.slice(0, at)), decodePart(part.slice(at + 1))]
})

export const formEncode = (pairs) => pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&')
