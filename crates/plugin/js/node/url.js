// node:url: the legacy functions from unenv (Node's own code), the rest over our URL.
import { Url, format as formatLegacy, parse, resolve, resolveObject } from 'unenv/node/url'
import { native } from '../host.js'
import { coded, invalidType } from './errors.js'

const format = (value, options) => {
  if (!(value instanceof URL)) return formatLegacy(value)
  const { auth = true, fragment = true, search = true } = options ?? {}
  const url = new URL(value.href)
  if (!auth) url.username = url.password = ''
  if (!fragment) url.hash = ''
  if (!search) url.search = ''
  return url.href
}
const fileURLToPath = (value) => {
  if (typeof value !== 'string' && !(value instanceof URL)) throw invalidType('path', 'of type string or an instance of URL', value)
  const url = new URL(value)
  if (url.protocol !== 'file:') throw coded(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file')
  if (url.hostname !== '') throw coded(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux')
  if (/%2f/i.test(url.pathname)) throw coded(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters')
  return decodeURIComponent(url.pathname)
}
const ESCAPES = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' }
const pathToFileURL = (path) => {
  const absolute = path.startsWith('/') ? path : `${process.cwd()}/${path}`
  return new URL(`file://${absolute.replace(/[%\\\n\r\t?#]/g, (found) => ESCAPES[found])}`)
}
const urlToHttpOptions = (url) => ({
  protocol: url.protocol,
  hostname: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
  hash: url.hash,
  search: url.search,
  pathname: url.pathname,
  path: `${url.pathname}${url.search}`,
  href: url.href,
  ...(url.port === '' ? {} : { port: Number(url.port) }),
  ...(url.username || url.password ? { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` } : {}),
})

export default {
  Url, parse, resolve, resolveObject, format, URL, URLSearchParams, URLPattern, fileURLToPath, fileURLToPathBuffer: (value) => Buffer.from(fileURLToPath(value)), pathToFileURL, urlToHttpOptions,
  domainToASCII: (domain) => native.domainToAscii(String(domain)), domainToUnicode: (domain) => native.domainToUnicode(String(domain)),
}
