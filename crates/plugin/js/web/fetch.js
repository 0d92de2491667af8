// fetch, until the host has an egress: it refuses, as an unreachable network would.
import { define } from '../host.js'
import { Request } from './request.js'

export const fetch = async (input, init) => {
  const request = new Request(input, init)
  request.signal.throwIfAborted()
  throw Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(`this edge has no way out to ${new URL(request.url).host}`), { code: 'ENETUNREACH' }) })
}

define({ fetch })
