// Odd ends: what is thrown, what is returned, and calls that would end a process.
//# throws null: error object
exports.handler = async () => { throw null }
//# throws undefined: error undefined
exports.handler = async () => { throw undefined }
//# throws a symbol: error symbol
exports.handler = async () => { throw Symbol('s') }
//# throws a BigInt: error bigint
exports.handler = async () => { throw 1n }
//# throws a function: error function
exports.handler = async () => { throw () => {} }
//# throws a circular object: error object
exports.handler = async () => { const a = {}; a.a = a; throw a }
//# throws a proxy that throws: error Error
exports.handler = async () => { throw new Proxy({}, { get() { throw new Error('trap') }, getPrototypeOf() { throw new Error('trap') }, has() { throw new Error('trap') }, ownKeys() { throw new Error('trap') } }) }
//# throws a revoked proxy: error Error
exports.handler = async () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy }
//# throws a revoked proxy of a function: error Error
exports.handler = async () => { const { proxy, revoke } = Proxy.revocable(() => {}, {}); revoke(); throw proxy }
//# throws an error with getters that throw: error Error
exports.handler = async () => { throw Object.defineProperties(new Error('x'), Object.fromEntries(['name', 'message', 'stack', 'cause', 'constructor'].map((key) => [key, { get() { throw new Error('getter') } }]))) }
//# throws an error with getters that loop: timeout Sandbox.Timedout
exports.handler = async () => { throw Object.defineProperties(new Error('x'), Object.fromEntries(['name', 'message', 'stack'].map((key) => [key, { get() { for (;;); } }]))) }
//# throws an error whose parts are no strings: error Symbol(n)
exports.handler = async () => { throw Object.assign(new Error('x'), { name: Symbol('n'), message: { toString: null }, stack: 7n }) }
//# throws an object whose toString throws: error object
exports.handler = async () => { throw { toString() { throw new Error('again') }, toJSON() { throw new Error('again') } } }
//# throws an error with a huge message: crashed Runtime.OutOfMemory
exports.handler = async () => { throw new Error('x'.repeat(2e7)) }
//# throws an error with lone surrogates: error Error
exports.handler = async () => { throw new Error('\ud800 \u0000 \udfff"\\') }
//# throws out of a timer: error Error
exports.handler = () => new Promise((done) => { setTimeout(() => { throw new Error('late') }, 1); setTimeout(done, 5) })
//# throws out of a microtask: error object
exports.handler = () => new Promise((done) => { queueMicrotask(() => { throw null }); setTimeout(done, 5) })
//# rejects and nobody looks: error Runtime.UnhandledPromiseRejection
exports.handler = async () => { Promise.reject(Symbol('nobody')); return 1 }
//# throws after Error is tampered with: error Error
exports.handler = async () => { Error.prepareStackTrace = () => { throw new Error('no stack for you') }; throw new Error('x') }
//# throws with a prepareStackTrace that loops: timeout Sandbox.Timedout
exports.handler = async () => { Error.prepareStackTrace = () => { for (;;); }; throw new Error('x') }
//# throws with a prepareStackTrace that returns odd values: error Error
exports.handler = async () => { Error.prepareStackTrace = () => 1n; Error.stackTraceLimit = -1e9; throw new Error('x') }
//# throws after Error.prototype is gone: error Error
exports.handler = async () => { Object.setPrototypeOf(Error.prototype, null); delete Error.prototype.name; throw Object.setPrototypeOf(new Error('x'), null) }
//# returns a BigInt: error Runtime.MarshalError
exports.handler = async () => 1n
//# returns a circle: error Runtime.MarshalError
exports.handler = async () => { const a = {}; a.a = a; return a }
//# returns a symbol: ok
exports.handler = async () => Symbol('s')
//# returns a function: ok
exports.handler = async () => () => {}
//# returns a revoked proxy: error TypeError
exports.handler = async () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy }
//# returns a toJSON that throws: error Runtime.MarshalError
exports.handler = async () => ({ toJSON() { throw null } })
//# returns a getter that throws: error Runtime.MarshalError
exports.handler = async () => ({ get a() { throw new Error('x') } })
//# returns too much: error Function.ResponseSizeTooLarge
exports.handler = async () => 'x'.repeat(7e6)
//# returns far too much: crashed Runtime.OutOfMemory
exports.handler = async () => '\u0001'.repeat(2e7)
//# returns a then that throws: ok
exports.handler = () => ({ then() { throw new Error('x') } })
//# returns a then that settles twice: ok
exports.handler = async () => ({ then(done, fail) { done(1); fail(new Error('x')); done(2); throw 3 } })
//# returns a promise with a tampered then: ok
exports.handler = () => Object.assign(Promise.resolve(1), { then() { for (;;); } })
//# returns a subclass of Promise: ok
exports.handler = () => new (class extends Promise { get then() { throw new Error('x') } })((done) => done(1))
//# calls back twice: ok
exports.handler = (e, c, callback) => { callback(null, 1); callback(null, 2); callback(new Error('x')) }
//# never answers: error Runtime.NeverSettled
exports.handler = () => new Promise(() => {})
//# process.exit: crashed Runtime.ExitError
exports.handler = async () => process.exit(0)
//# process.exit in a timer: crashed Runtime.ExitError
exports.handler = () => new Promise(() => setTimeout(() => process.exit(1), 1))
//# process.abort: crashed Runtime.ExitError
exports.handler = async () => process.abort()
//# process.kill: error TypeError
exports.handler = async () => process.kill(process.pid, 'SIGKILL')
//# process.reallyExit: crashed Runtime.ExitError
exports.handler = async () => process.reallyExit(1)
//# child processes: error TypeError
exports.handler = async () => require('child_process').execSync('kill -9 1')
//# worker threads: error TypeError
exports.handler = async () => new (require('worker_threads').Worker)('for (;;);', { eval: true })
//# native modules: error TypeError
exports.handler = async () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6')
//# process.binding: error TypeError
exports.handler = async () => process.binding('fs').internalModuleReadJSON('/etc/passwd')
//# files of the host: error Error
exports.handler = async () => require('fs').readFileSync('/etc/passwd', 'utf8')
//# files of the host, by climbing: error Error
exports.handler = async () => require('fs').readFileSync('/tmp/../../../../proc/self/environ', 'utf8')
//# files of the host, through a link: error Error
exports.handler = async () => { const fs = require('fs'); fs.symlinkSync('/etc/passwd', '/tmp/link'); return fs.readFileSync('/tmp/link', 'utf8') }
//# files of the host, through an import: refused
exports.handler = async () => import('/etc/passwd')
//# files of the host, through a computed import: error ReferenceError
exports.handler = async (e) => import(['file:', '', '', 'etc', 'passwd'].join('/'))
//# links that go round: error Error
exports.handler = async () => { const fs = require('fs'); fs.symlinkSync('/tmp/b', '/tmp/a'); fs.symlinkSync('/tmp/a', '/tmp/b'); return fs.readFileSync('/tmp/a') }
//# sockets: error TypeError
exports.handler = () => new Promise((resolve, reject) => require('net').connect(22, '127.0.0.1').on('connect', () => resolve('open')).on('error', reject))
//# the edge itself: error TypeError
exports.handler = async () => (await fetch('http://127.0.0.1:8787/functions')).status
//# the cloud's metadata: error TypeError
exports.handler = async () => (await fetch('http://169.254.169.254/latest/meta-data/')).status
//# the edge itself, oddly written: error TypeError
exports.handler = async () => (await fetch('http://0x7f.1:8787/')).status
//# the edge itself, in IPv6: error TypeError
exports.handler = async () => (await fetch('http://[::ffff:127.0.0.1]:8787/')).status
