// fetch (Fetch Standard §5.6): the host does the request, within the function's allow list and limits.
import { define, native } from '../host.js'
import { utf8 } from './encoding.js'
import { Request } from './request.js'
import { received } from './response.js'
import { ReadableStream } from './streams.js'
import { isOpen, settle, waitFor } from '../runtime/requests.js'

const NONE = new Uint8Array(0)
const NULL_BODY = [101, 204, 205, 304]

const networkError = ({ code, message }) => Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(message), { code }) })

/** The next event of a request: its head, a chunk, or null at the end. */
const next = async (id) => {
  const [kind, content] = await waitFor(id)
  if (kind === 'C') return content
  if (kind === 'E') return null
  const told = JSON.parse(native.fromUtf8(content ?? utf8('{"code":"UND_ERR_SOCKET","message":"the request is gone"}')))
  if (kind === 'H') return told
  throw networkError(told)
}

const schemeOf = (url) => url.slice(0, url.indexOf(':'))

/** `data:` URLs need no network (Fetch Standard §6). */
const fromData = (url) => {
  const [, type, base64, data] = /^data:([^,]*?)(;\s*base64)?,([^]*)$/i.exec(url.replace(/#.*$/, '')) ?? []
  if (data === undefined) throw networkError({ code: 'ERR_INVALID_URL', message: 'a data: URL has a comma' })
  const bytes = native.fromLatin1(data.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))))
  const body = base64 ? Uint8Array.from(atob(native.latin1(bytes)), (c) => c.charCodeAt(0)) : bytes
  const headers = [['content-type', type === '' || type.startsWith(';') ? `text/plain${type || ';charset=US-ASCII'}` : type]]
  return received({ url, status: 200, statusText: 'OK', headers, redirected: false, body: { bytes: body, stream: null, type: null, source: null } })
}

/** A body that is fetched as it is read; `whenAborted` is told what ends it. */
const bodyOf = (id, whenAborted) => {
  let controller
  const stream = new ReadableStream({
    type: 'bytes',
    start(given) { controller = given },
    async pull() {
      const chunk = await next(id)
      if (chunk !== null) { controller.enqueue(chunk); return }
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel() { settle(id) },
  }, { highWaterMark: 0 })
  whenAborted((reason) => controller.error(reason))
  return { bytes: null, stream, type: null, source: null }
}

export const fetch = async (input, init) => {
  const request = new Request(input, init)
  const { signal, url } = request
  signal.throwIfAborted()
  if (schemeOf(url) === 'data') return fromData(url)
  const body = request._body === null ? NONE : await request._consume()
  signal.throwIfAborted()
  const id = native.begin(JSON.stringify({ method: request.method, url, headers: [...request.headers], redirect: request.redirect }), body)
  if (id === 0) throw networkError({ code: 'ERR_SWARM_EGRESS', message: 'there is no network while a module loads: call fetch in the handler' })
  let stop = () => {}
  signal._onAbort(() => {
    if (!isOpen(id)) return
    settle(id, signal.reason)
    stop(signal.reason)
  })
  const head = await next(id)
  const empty = request.method === 'HEAD' || NULL_BODY.includes(head.status)
  if (empty) settle(id)
  return received({ ...head, body: empty ? null : bodyOf(id, (step) => { stop = step }) })
}
Object.defineProperty(fetch, 'length', { value: 1 })

define({ fetch })
