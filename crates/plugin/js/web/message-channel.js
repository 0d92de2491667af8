// MessageChannel, MessagePort and BroadcastChannel (HTML Standard), within one invocation.
import { define, idl } from '../host.js'
import { EventTarget, MessageEvent, handlerAttribute } from './events.js'
import { structuredClone } from './structured-clone.js'

const MAKE = Symbol('make')

export class MessagePort extends EventTarget {
  #other = null
  #started = false
  #queue = []
  constructor(key) {
    if (key !== MAKE) throw new TypeError('Illegal constructor')
    super()
  }
  postMessage(message, options) {
    const data = structuredClone(message, Array.isArray(options) ? { transfer: options } : options)
    const other = this.#other
    if (other) setImmediate(() => other.#receive(data))
  }
  #receive(data) {
    if (!this.#started) this.#queue.push(data)
    else if (this.#other) this.dispatchEvent(new MessageEvent('message', { data }))
  }
  start() {
    this.#started = true
    for (const data of this.#queue.splice(0)) setImmediate(() => this.#receive(data))
  }
  close() { if (this.#other) { this.#other.#other = null; this.#other = null } }
  ref() { return this }
  unref() { return this }
  static _pair() {
    const [a, b] = [new MessagePort(MAKE), new MessagePort(MAKE)]
    a.#other = b
    b.#other = a
    return [a, b]
  }
}
const { _pair } = MessagePort
delete MessagePort._pair
idl(MessagePort)
handlerAttribute(MessagePort, 'message')
handlerAttribute(MessagePort, 'messageerror')
const onmessage = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage')
Object.defineProperty(MessagePort.prototype, 'onmessage', { ...onmessage, set(callback) { onmessage.set.call(this, callback); this.start() } })

export class MessageChannel {
  #ports = _pair()
  get port1() { return this.#ports[0] }
  get port2() { return this.#ports[1] }
}
idl(MessageChannel)

const channels = new Set()
export class BroadcastChannel extends EventTarget {
  #name
  constructor(name) { super(); this.#name = String(name); channels.add(this) }
  get name() { return this.#name }
  postMessage(message) {
    for (const other of channels) {
      if (other === this || other.name !== this.name) continue
      const data = structuredClone(message)
      setImmediate(() => { if (channels.has(other)) other.dispatchEvent(new MessageEvent('message', { data })) })
    }
  }
  close() { channels.delete(this) }
}
idl(BroadcastChannel)
handlerAttribute(BroadcastChannel, 'message')

define({ MessageChannel, MessagePort, BroadcastChannel })
