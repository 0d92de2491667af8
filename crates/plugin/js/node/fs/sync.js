// The synchronous half of node:fs; the other halves are made from it.
import { Buffer } from '../buffer.js'
import { Dirent, Stats } from './stats.js'
import { at, close, create, fail, find, holder, need, open, pathOf, real, remove, resize } from './volume.js'

const optionsOf = (options) => (typeof options === 'string' ? { encoding: options } : options ?? {})
const shown = (text, { encoding }) => (encoding === 'buffer' ? Buffer.from(text) : text)
const bytes = (data, encoding) => (typeof data === 'string' ? Buffer.from(data, encoding ?? 'utf8') : ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(String(data)))

const stat = (follow, call) => (path, options = {}) => {
  const node = find(pathOf(path, call), call, path, follow)
  if (!node) return options.throwIfNoEntry === false ? undefined : fail('ENOENT', call, path)
  return new Stats(node, options)
}
const using = (target, flag, mode, work) => {
  if (typeof target === 'number') return work(target)
  const fd = open(target, flag, mode)
  try { return work(fd) } finally { close(fd) }
}
const timeOf = (time) => (time instanceof Date ? time.getTime() : Number(time) * 1000)

export const sync = {
  access(path, mode = 0) { need(path, 'access'); if (mode & 2) holder(path, 'access') },
  exists(path) { try { return find(pathOf(path), 'access', path) !== null } catch { return false } },
  open, close,
  read(fd, buffer, offset, length, position) {
    if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset)
    const file = at(fd, 'read')
    if (file.node.kind === 'folder') fail('EISDIR', 'read')
    const [start, from] = [offset ?? 0, position === null || position === undefined || position === -1 ? file.position : Number(position)]
    const count = Math.max(0, Math.min(length ?? buffer.byteLength - start, file.node.size - from))
    new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).set(file.node.data.subarray(from, from + count), start)
    if (position === null || position === undefined || position === -1) file.position += count
    return count
  },
  write(fd, data, ...rest) {
    const file = at(fd, 'write')
    if (!file.flags.includes('w')) fail('EBADF', 'write')
    const isText = typeof data === 'string'
    let [offset, length, position] = isText ? [0, undefined, rest[0]] : rest[0] !== null && typeof rest[0] === 'object' ? [rest[0].offset, rest[0].length, rest[0].position] : rest
    const all = bytes(data, isText ? rest[1] : undefined)
    offset ??= 0
    const part = all.subarray(offset, offset + (length ?? all.length - offset))
    const to = file.flags.includes('a') ? file.node.size : typeof position === 'number' ? position : file.position
    if (to + part.length > file.node.size) resize(file.node, to + part.length)
    file.node.data.set(part, to)
    file.node.mtime = Date.now()
    if (typeof position !== 'number') file.position = to + part.length
    return part.length
  },
  writev(fd, buffers, position) { return buffers.reduce((sum, one) => sum + sync.write(fd, one, 0, one.byteLength, typeof position === 'number' ? position + sum : null), 0) },
  readv(fd, buffers, position) { return buffers.reduce((sum, one) => sum + sync.read(fd, one, 0, one.byteLength, typeof position === 'number' ? position + sum : null), 0) },
  readFile(path, options) {
    const { encoding, flag = 'r' } = optionsOf(options)
    return using(path, flag, 0o666, (fd) => {
      const { node, position } = at(fd, 'read')
      if (node.kind === 'folder') fail('EISDIR', 'read')
      const data = Buffer.from(node.data.subarray(typeof path === 'number' ? position : 0, node.size))
      return encoding && encoding !== 'buffer' ? data.toString(encoding) : data
    })
  },
  writeFile(path, data, options) {
    const { encoding, mode = 0o666, flag = 'w' } = optionsOf(options)
    using(path, flag, mode, (fd) => { sync.write(fd, bytes(data, encoding)) })
  },
  appendFile: (path, data, options) => sync.writeFile(path, data, { flag: 'a', ...optionsOf(options) }),
  stat: stat(true, 'stat'), lstat: stat(false, 'lstat'), fstat: (fd, options) => new Stats(at(fd, 'fstat').node, options),
  statfs: () => ({ type: 0, bsize: 4096, blocks: 131_072, bfree: 131_072, bavail: 131_072, files: 0, ffree: 0 }),
  truncate: (path, length = 0) => using(path, 'r+', 0o666, (fd) => sync.ftruncate(fd, length)), ftruncate: (fd, length = 0) => resize(at(fd, 'ftruncate').node, length, 'ftruncate'),
  mkdir(path, options) {
    const { recursive = false, mode = 0o777 } = typeof options === 'object' && options !== null ? options : { mode: options }
    if (!recursive) { create(path, 'folder', mode, 'mkdir'); return undefined }
    const parts = pathOf(path)
    let first
    parts.forEach((_, index) => {
      const part = `/${parts.slice(0, index + 1).join('/')}`
      const node = find(pathOf(part), 'mkdir', path)
      if (node) { if (node.kind !== 'folder') fail(index === parts.length - 1 ? 'EEXIST' : 'ENOTDIR', 'mkdir', path); return }
      create(part, 'folder', mode, 'mkdir')
      first ??= part
    })
    return first
  },
  mkdtemp(prefix, options) {
    const path = `${prefix}${Math.random().toString(36).slice(2, 8).padEnd(6, '0')}`
    create(path, 'folder', 0o700, 'mkdtemp')
    return shown(path, optionsOf(options))
  },
  readdir(path, options) {
    const { withFileTypes = false, recursive = false, ...rest } = optionsOf(options)
    const node = need(path, 'scandir')
    if (node.kind !== 'folder') fail('ENOTDIR', 'scandir', path)
    const list = (folder, prefix) => [...folder.entries].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, entry]) => {
      const own = withFileTypes ? new Dirent(name, prefix === '' ? String(path) : `${path}/${prefix.slice(0, -1)}`, entry.kind) : shown(prefix + name, rest)
      return recursive && entry.kind === 'folder' ? [own, ...list(entry, `${prefix}${name}/`)] : [own]
    })
    return list(node, '')
  },
  unlink(path) {
    const { folder, name } = holder(path, 'unlink')
    const node = folder.entries.get(name) ?? fail('ENOENT', 'unlink', path)
    if (node.kind === 'folder') fail('EISDIR', 'unlink', path)
    remove(folder, name)
  },
  rmdir(path, { recursive = false } = {}) {
    if (recursive) { sync.rm(path, { recursive }); return }
    const { folder, name } = holder(path, 'rmdir')
    const node = folder.entries.get(name) ?? fail('ENOENT', 'rmdir', path)
    if (node.kind !== 'folder') fail('ENOTDIR', 'rmdir', path)
    if (node.entries.size > 0) fail('ENOTEMPTY', 'rmdir', path)
    folder.entries.delete(name)
  },
  rm(path, { recursive = false, force = false } = {}) {
    const node = find(pathOf(path), 'rm', path, false)
    if (!node) { if (force) return; fail('ENOENT', 'rm', path) }
    if (node.kind === 'folder') {
      if (!recursive) fail('EISDIR', 'rm', path)
      for (const name of [...node.entries.keys()]) sync.rm(`${path}/${name}`, { recursive, force })
      sync.rmdir(path)
    } else sync.unlink(path)
  },
  rename(from, to) {
    const source = holder(from, 'rename')
    const node = source.folder.entries.get(source.name) ?? fail('ENOENT', 'rename', from, to)
    const target = holder(to, 'rename')
    const old = target.folder.entries.get(target.name)
    if (old === node) return
    if (old?.kind === 'folder' && (node.kind !== 'folder' || old.entries.size > 0)) fail(node.kind === 'folder' ? 'ENOTEMPTY' : 'EISDIR', 'rename', from, to)
    if (old) remove(target.folder, target.name)
    source.folder.entries.delete(source.name)
    target.folder.entries.set(target.name, node)
  },
  copyFile(from, to, mode = 0) {
    if (mode & 1 && sync.exists(to)) fail('EEXIST', 'copyfile', from, to)
    sync.writeFile(to, sync.readFile(from))
  },
  cp(from, to, { recursive = false, force = true } = {}) {
    if (need(from, 'cp').kind !== 'folder') { if (force || !sync.exists(to)) sync.copyFile(from, to); return }
    if (!recursive) fail('EISDIR', 'cp', from)
    sync.mkdir(to, { recursive: true })
    for (const name of sync.readdir(from)) sync.cp(`${from}/${name}`, `${to}/${name}`, { recursive, force })
  },
  symlink(target, path) { create(path, 'link', 0o777, 'symlink', { target: String(target) }) },
  link(from, to) {
    const node = need(from, 'link')
    const { folder, name } = holder(to, 'link')
    if (folder.entries.has(name)) fail('EEXIST', 'link', from, to)
    node.links++
    folder.entries.set(name, node)
  },
  readlink(path, options) { const node = need(path, 'readlink', false); return node.kind === 'link' ? shown(node.target, optionsOf(options)) : fail('EINVAL', 'readlink', path) },
  realpath: (path, options) => shown(`/${real(pathOf(path), 'realpath', path).join('/')}`, optionsOf(options)),
  chmod(path, mode) { need(path, 'chmod').mode = Number(mode) & 0o7777 }, fchmod(fd, mode) { at(fd, 'fchmod').node.mode = Number(mode) & 0o7777 }, lchmod() {},
  chown(path) { need(path, 'chown') }, fchown(fd) { at(fd, 'fchown') }, lchown(path) { need(path, 'lchown', false) },
  utimes(path, atime, mtime) { Object.assign(need(path, 'utime'), { atime: timeOf(atime), mtime: timeOf(mtime) }) }, lutimes(path, atime, mtime) { Object.assign(need(path, 'utime', false), { atime: timeOf(atime), mtime: timeOf(mtime) }) }, futimes(fd, atime, mtime) { Object.assign(at(fd, 'futime').node, { atime: timeOf(atime), mtime: timeOf(mtime) }) },
  fsync(fd) { at(fd, 'fsync') }, fdatasync(fd) { at(fd, 'fdatasync') },
}
