// node:fs: callbacks, promises and streams over the synchronous half.
import { invalidType, unavailable } from '../errors.js'
import { constants } from '../small.js'
import { Readable, Writable } from '../stream.js'
import { EventEmitter } from '../events.js'
import { Dirent, Stats } from './stats.js'
import { sync } from './sync.js'

const fs = { constants, F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, Stats, Dirent }
const promises = { constants }
for (const [name, work] of Object.entries(sync)) {
  fs[`${name}Sync`] = work
  const promised = async (...args) => work(...args)
  promises[name] = promised
  fs[name] = (...args) => {
    const callback = args.pop()
    if (typeof callback !== 'function') throw invalidType('cb', 'of type function', callback)
    setImmediate(() => {
      let result
      try { result = work(...args) } catch (error) { callback(error); return }
      if (name === 'read' || name === 'write') callback(null, result, args[1])
      else callback(null, result)
    })
  }
}
fs.exists = (path, callback) => setImmediate(() => callback(sync.exists(path)))
fs.existsSync = sync.exists
fs.realpathSync.native = fs.realpathSync
fs.realpath.native = fs.realpath
for (const name of ['exists', 'open', 'close', 'read', 'write', 'readv', 'writev', 'fstat', 'fchmod', 'fchown', 'futimes', 'ftruncate', 'fsync', 'fdatasync']) delete promises[name]

class FileHandle extends EventEmitter {
  constructor(fd) { super(); this.fd = fd }
  async read(buffer, ...rest) {
    const target = ArrayBuffer.isView(buffer) ? buffer : buffer?.buffer ?? Buffer.alloc(16_384)
    return { bytesRead: sync.read(this.fd, target, ...(ArrayBuffer.isView(buffer) ? rest : [buffer])), buffer: target }
  }
  async write(data, ...rest) { return { bytesWritten: sync.write(this.fd, data, ...rest), buffer: data } }
  async readFile(options) { return sync.readFile(this.fd, options) }
  async writeFile(data, options) { sync.writeFile(this.fd, data, options) }
  async appendFile(data, options) { sync.writeFile(this.fd, data, options) }
  async stat(options) { return sync.fstat(this.fd, options) }
  async truncate(length) { sync.ftruncate(this.fd, length) }
  async chmod(mode) { sync.fchmod(this.fd, mode) }
  async utimes(atime, mtime) { sync.futimes(this.fd, atime, mtime) }
  async sync() {}
  async datasync() {}
  async close() { sync.close(this.fd); this.emit('close') }
  createReadStream(options) { return fs.createReadStream(null, { ...options, fd: this.fd }) }
  createWriteStream(options) { return fs.createWriteStream(null, { ...options, fd: this.fd }) }
  async* readLines() { yield* (await this.readFile('utf8')).split(/\r?\n/) }
  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() { await this.close() }
}
promises.open = async (...args) => new FileHandle(sync.open(...args))
promises.opendir = async (path, options) => fs.opendirSync(path, options)
promises.watch = () => { throw unavailable('fs.promises.watch') }
promises.glob = () => { throw unavailable('fs.promises.glob') }

class ReadStream extends Readable {
  constructor(path, options = {}) {
    const { fd = null, flags = 'r', start, end = Infinity, encoding, highWaterMark = 65_536 } = typeof options === 'string' ? { encoding: options } : options
    super({ encoding, highWaterMark })
    Object.assign(this, { path, fd: fd?.fd ?? fd, flags, start, end, pos: start, bytesRead: 0 })
  }
  _construct(callback) {
    try { this.fd ??= sync.open(this.path, this.flags) } catch (error) { callback(error); return }
    callback()
    this.emit('open', this.fd)
    this.emit('ready')
  }
  _read(size) {
    const buffer = Buffer.alloc(this.pos === undefined ? size : Math.max(0, Math.min(size, this.end - this.pos + 1)))
    let count
    try { count = sync.read(this.fd, buffer, 0, buffer.length, this.pos ?? null) } catch (error) { this.destroy(error); return }
    if (this.pos !== undefined) this.pos += count
    this.bytesRead += count
    this.push(count === 0 ? null : buffer.subarray(0, count))
  }
  _destroy(error, callback) { try { if (this.fd !== null) sync.close(this.fd) } catch { /* closed by somebody else */ } callback(error) }
  close(callback) { if (callback) this.once('close', callback); this.destroy() }
}
class WriteStream extends Writable {
  constructor(path, options = {}) {
    const { fd = null, flags = 'w', mode, start, encoding } = typeof options === 'string' ? { encoding: options } : options
    super({ defaultEncoding: encoding, decodeStrings: true })
    Object.assign(this, { path, fd: fd?.fd ?? fd, flags, mode, pos: start, bytesWritten: 0 })
  }
  _construct(callback) {
    try { this.fd ??= sync.open(this.path, this.flags, this.mode) } catch (error) { callback(error); return }
    callback()
    this.emit('open', this.fd)
    this.emit('ready')
  }
  _write(chunk, _, callback) {
    try { sync.write(this.fd, chunk, 0, chunk.length, this.pos ?? null) } catch (error) { callback(error); return }
    if (this.pos !== undefined) this.pos += chunk.length
    this.bytesWritten += chunk.length
    callback()
  }
  _destroy(error, callback) { try { if (this.fd !== null) sync.close(this.fd) } catch { /* closed by somebody else */ } callback(error) }
  close(callback) { if (callback) this.once('close', callback); this.end() }
}
class Dir {
  #entries
  constructor(path) { this.path = path; this.#entries = sync.readdir(path, { withFileTypes: true }) }
  readSync() { return this.#entries.shift() ?? null }
  async read() { return this.readSync() }
  closeSync() {}
  async close() {}
  async* [Symbol.asyncIterator]() { yield* this.#entries.splice(0) }
}

Object.assign(fs, {
  promises, ReadStream, WriteStream, FileReadStream: ReadStream, FileWriteStream: WriteStream, Dir,
  createReadStream: (path, options) => new ReadStream(path, options), createWriteStream: (path, options) => new WriteStream(path, options),
  opendirSync: (path) => new Dir(path), opendir: (path, ...rest) => rest.at(-1)(null, new Dir(path)), openAsBlob: async (path) => new Blob([sync.readFile(path)]),
})
for (const name of ['watch', 'watchFile', 'unwatchFile', 'globSync', 'glob']) fs[name] = () => { throw unavailable(`fs.${name}`) }

export { promises }
export default fs
