// Everything a function sees besides the language. Evaluated once, into the plugin's base snapshot.
import './before.js'
import './runtime/errors.js'
import './runtime/regexp.js'
import './runtime/timers.js'
import './runtime/console.js'
import './web/index.js'
import './intl/index.js'
import './node/index.js'
import './runtime/handler.js'

delete globalThis.SharedArrayBuffer
delete globalThis.Atomics
