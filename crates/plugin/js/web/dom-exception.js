// DOMException (Web IDL). The codes are the table of the standard; newer names have none.
import { idl } from '../host.js'

const NAMES = [
  'IndexSizeError', 'DOMStringSizeError', 'HierarchyRequestError', 'WrongDocumentError', 'InvalidCharacterError',
  'NoDataAllowedError', 'NoModificationAllowedError', 'NotFoundError', 'NotSupportedError', 'InUseAttributeError',
  'InvalidStateError', 'SyntaxError', 'InvalidModificationError', 'NamespaceError', 'InvalidAccessError',
  'ValidationError', 'TypeMismatchError', 'SecurityError', 'NetworkError', 'AbortError', 'URLMismatchError',
  'QuotaExceededError', 'TimeoutError', 'InvalidNodeTypeError', 'DataCloneError',
]
/** Without a class of their own today, but with a constant. */
const OBSOLETE = new Set(['DOMStringSizeError', 'NoDataAllowedError', 'ValidationError'])

export class DOMException extends Error {
  #name
  constructor(message = '', options = 'Error') {
    super(String(message))
    delete this.message
    const name = typeof options === 'object' && options !== null ? (options.name ?? 'Error') : options
    this.#name = String(name)
    Object.defineProperty(this, 'message', { value: String(message), configurable: true, writable: true, enumerable: false })
    if (typeof options === 'object' && options !== null && 'cause' in options) {
      Object.defineProperty(this, 'cause', { value: options.cause, configurable: true, writable: true, enumerable: false })
    }
  }
  get name() { return this.#name }
  get code() { return OBSOLETE.has(this.#name) ? 0 : NAMES.indexOf(this.#name) + 1 }
}
idl(DOMException)

NAMES.forEach((name, index) => {
  const constant = name.replace(/Error$/, '').replace(/([a-z])([A-Z])/g, '$1_$2').replace('DOMString', 'DOMSTRING')
    .replace('URLMismatch', 'URL_MISMATCH').toUpperCase() + '_ERR'
  const descriptor = { value: index + 1, enumerable: true }
  Object.defineProperty(DOMException, constant, descriptor)
  Object.defineProperty(DOMException.prototype, constant, descriptor)
})
