// FormData (XMLHttpRequest Standard), and its two wire forms.
import { define, idl, native } from '../host.js'
import { Blob, File, blobBytes, join } from './blob.js'
import { utf8 } from './encoding.js'

const asEntry = (value, filename) => {
  if (!(value instanceof Blob)) return String(value).toWellFormed()
  if (value instanceof File && filename === undefined) return value
  return new File([value], filename ?? (value instanceof File ? value.name : 'blob'), { type: value.type, lastModified: value instanceof File ? value.lastModified : undefined })
}

export class FormData {
  #list = []
  constructor(form) { if (form !== undefined) throw new TypeError("Failed to construct 'FormData': parameter 1 is not of type 'HTMLFormElement'.") }
  append(name, value, filename) { need(arguments, 2); this.#list.push([String(name).toWellFormed(), asEntry(value, filename)]) }
  set(name, value, filename) {
    need(arguments, 2)
    const [key, entry] = [String(name).toWellFormed(), asEntry(value, filename)]
    const first = this.#list.find((pair) => pair[0] === key)
    if (!first) this.#list.push([key, entry])
    else {
      first[1] = entry
      this.#list = this.#list.filter((pair) => pair === first || pair[0] !== key)
    }
  }
  delete(name) { need(arguments, 1); this.#list = this.#list.filter((pair) => pair[0] !== String(name)) }
  get(name) { need(arguments, 1); return this.#list.find((pair) => pair[0] === String(name))?.[1] ?? null }
  getAll(name) { need(arguments, 1); return this.#list.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]) }
  has(name) { need(arguments, 1); return this.#list.some((pair) => pair[0] === String(name)) }
  forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this) }
  *entries() { for (let index = 0; index < this.#list.length; index++) yield [...this.#list[index]] }
  *keys() { for (const [name] of this.entries()) yield name }
  *values() { for (const [, value] of this.entries()) yield value }
}
idl(FormData)
Object.defineProperty(FormData.prototype, Symbol.iterator, { value: FormData.prototype.entries, writable: true, configurable: true })

function need(args, count) {
  if (args.length < count) throw new TypeError(`${count} arguments required, but only ${args.length} present.`)
}

const quote = (text) => text.replace(/\r\n|\r|\n/g, '%0D%0A').replaceAll('"', '%22')

/** multipart/form-data: the bytes and the type with its boundary. */
export const encodeForm = (form) => {
  const boundary = `----formdata-${native.hex(native.random(12))}`
  const chunks = []
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quote(name)}"`
    if (typeof value === 'string') chunks.push(utf8(`${head}\r\n\r\n${value.replace(/\r\n|\r|\n/g, '\r\n')}\r\n`))
    else chunks.push(utf8(`${head}; filename="${quote(value.name)}"\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`), blobBytes(value), utf8('\r\n'))
  }
  chunks.push(utf8(`--${boundary}--\r\n`))
  return { bytes: join(chunks), type: `multipart/form-data; boundary=${boundary}` }
}

const unquote = (text) => text.replaceAll('%22', '"').replace(/%0D%0A/gi, '\r\n')

/** The form in a multipart body, or a TypeError. */
export const decodeForm = (bytes, boundary) => {
  const text = native.latin1(bytes)
  const bad = () => new TypeError('Failed to parse body as FormData.')
  const form = new FormData()
  const mark = `--${boundary}`
  let at = text.indexOf(mark)
  if (at < 0) throw bad()
  for (;;) {
    at += mark.length
    if (text.startsWith('--', at)) return form
    if (!text.startsWith('\r\n', at)) throw bad()
    const headEnd = text.indexOf('\r\n\r\n', at)
    const next = text.indexOf(`\r\n${mark}`, headEnd + 2)
    if (headEnd < 0 || next < 0) throw bad()
    const head = native.fromUtf8(bytes.subarray(at + 2, headEnd))
    const name = /^content-disposition:[^\n]*[; ]name="([^"]*)"/im.exec(head)?.[1]
    const filename = /^content-disposition:[^\n]*[; ]filename="([^"]*)"/im.exec(head)?.[1]
    if (name === undefined) throw bad()
    const body = bytes.subarray(headEnd + 4, Math.max(headEnd + 4, next))
    if (filename === undefined) form.append(unquote(name), native.fromUtf8(body))
    else form.append(unquote(name), new File([body], unquote(filename), { type: /^content-type:\s*(.*)$/im.exec(head)?.[1]?.trim() ?? 'text/plain' }))
    at = next + 2
  }
}

define({ FormData })
