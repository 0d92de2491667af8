// The in-memory file system of one invocation: a tree of folders and files below /tmp. Nothing else can be written.
import { fresh } from '../../host.js'
import { Buffer } from '../buffer.js'
import { coded } from '../errors.js'

/** What `/tmp` may hold, bytes; the function's memory may be the tighter limit. */
let maxBytes = Infinity
export const limit = (bytes) => { maxBytes = bytes }
const MESSAGES = {
  ENOENT: 'no such file or directory', EEXIST: 'file already exists', ENOTDIR: 'not a directory', EISDIR: 'illegal operation on a directory', ENOTEMPTY: 'directory not empty',
  EROFS: 'read-only file system', EBADF: 'bad file descriptor', EINVAL: 'invalid argument', ENOSPC: 'no space left on device', EPERM: 'operation not permitted', ELOOP: 'too many symbolic links encountered',
}
const ERRNO = { ENOENT: -2, EEXIST: -17, ENOTDIR: -20, EISDIR: -21, ENOTEMPTY: -39, EROFS: -30, EBADF: -9, EINVAL: -22, ENOSPC: -28, EPERM: -1, ELOOP: -40 }
export const fail = (code, call, path, dest) => {
  const where = path === undefined ? '' : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`
  throw coded(Error, code, `${code}: ${MESSAGES[code]}, ${call}${where}`, { errno: ERRNO[code], syscall: call, ...(path === undefined ? {} : { path }), ...(dest === undefined ? {} : { dest }) })
}

let lastInode = 1
const now = () => Date.now()
const makeNode = (kind, mode) => ({ kind, mode, inode: ++lastInode, links: kind === 'folder' ? 2 : 1, atime: now(), mtime: now(), ctime: now(), birth: now(), ...(kind === 'folder' ? { entries: new Map() } : kind === 'file' ? { data: Buffer.alloc(0), size: 0 } : { target: '' }) })
const makeRoot = () => {
  const root = makeNode('folder', 0o755)
  root.entries.set('tmp', makeNode('folder', 0o777))
  const home = makeNode('folder', 0o755)
  home.entries.set('task', makeNode('folder', 0o755))
  root.entries.set('var', home)
  return root
}
let root = makeRoot()
let used = 0
let opened = new Map()
let nextFd = 3
/** Descriptors are an invocation's own; files that the top level wrote stay. */
fresh.push(() => { opened = new Map(); nextFd = 3 })

/** The absolute, normal form of a path, Buffer or file URL. */
export const pathOf = (path, call = 'open') => {
  const text = path instanceof URL ? decodeURIComponent(path.pathname) : Buffer.isBuffer(path) ? path.toString() : path
  if (typeof text !== 'string') throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "path" argument must be of type string or an instance of Buffer or URL. Received ${path === null ? 'null' : typeof path}`)
  if (text.includes('\0')) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'path' must be a string, Uint8Array, or URL without null bytes.")
  if (text === '') fail('ENOENT', call, text)
  const parts = []
  for (const part of (text.startsWith('/') ? text : `/var/task/${text}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}
const shown = (parts) => `/${parts.join('/')}`

/** The node at a path, or null; follows links, the last one only when asked. */
export const find = (parts, call, path, follow = true, depth = 0) => {
  if (depth > 40) fail('ELOOP', call, path)
  let node = root
  for (let index = 0; index < parts.length; index++) {
    if (node.kind !== 'folder') fail('ENOTDIR', call, path)
    node = node.entries.get(parts[index])
    if (!node) return null
    if (node.kind === 'link' && (follow || index < parts.length - 1)) {
      const base = shown(parts.slice(0, index))
      const target = node.target.startsWith('/') ? node.target : `${base}/${node.target}`
      return find([...pathOf(target), ...parts.slice(index + 1)], call, path, follow, depth + 1)
    }
  }
  return node
}
export const need = (path, call, follow = true) => find(pathOf(path, call), call, path, follow) ?? fail('ENOENT', call, path)

/** The folder that holds a path, which must be writable, and the last name. */
export const holder = (path, call) => {
  const parts = pathOf(path, call)
  const name = parts.pop()
  if (name === undefined) fail('EPERM', call, path)
  const folder = find(parts, call, path) ?? fail('ENOENT', call, path)
  if (folder.kind !== 'folder') fail('ENOTDIR', call, path)
  if (folder === root || !inTmp(parts)) fail('EROFS', call, path)
  return { folder, name }
}
const inTmp = (parts) => parts[0] === 'tmp' || (find(parts, 'open', '') && real(parts)[0] === 'tmp')
/** The path without links. */
export const real = (parts, call = 'realpath', path = shown(parts), depth = 0) => {
  if (depth > 40) fail('ELOOP', call, path)
  let node = root
  for (let index = 0; index < parts.length; index++) {
    node = node.entries?.get(parts[index])
    if (!node) fail('ENOENT', call, path)
    if (node.kind !== 'link') continue
    const target = node.target.startsWith('/') ? node.target : `${shown(parts.slice(0, index))}/${node.target}`
    return real([...pathOf(target), ...parts.slice(index + 1)], call, path, depth + 1)
  }
  return parts
}

export const create = (path, kind, mode, call, value) => {
  const { folder, name } = holder(path, call)
  if (folder.entries.has(name)) fail('EEXIST', call, path)
  const node = Object.assign(makeNode(kind, mode), value)
  folder.entries.set(name, node)
  folder.mtime = folder.ctime = now()
  return node
}

/** Makes a file's content reach `size`, with room to grow. */
export const resize = (node, size, call = 'write') => {
  if (used + size - node.size > maxBytes) fail('ENOSPC', call)
  if (size > node.data.length) {
    const data = Buffer.alloc(Math.max(size, node.data.length * 2, 64))
    node.data.copy(data, 0, 0, node.size)
    node.data = data
  } else if (size < node.size) node.data.fill(0, size, node.size)
  used += size - node.size
  node.size = size
  node.mtime = node.ctime = now()
}
export const remove = (folder, name) => {
  const node = folder.entries.get(name)
  folder.entries.delete(name)
  folder.mtime = now()
  if (--node.links === 0 && node.kind === 'file') used -= node.size
}

const FLAGS = { r: 'r', 'r+': 'rw', w: 'wct', 'w+': 'rwct', wx: 'wctx', 'w+x': 'rwctx', 'wx+': 'rwctx', a: 'wca', 'a+': 'rwca', ax: 'wcax', 'ax+': 'rwcax', rs: 'r', 'rs+': 'rw', as: 'wca', 'as+': 'rwca' }
const flagsOf = (flags) => {
  if (typeof flags !== 'number') return FLAGS[flags] ?? fail('EINVAL', 'open')
  return ['r', 'w', 'rw'][flags & 3] + (flags & 64 ? 'c' : '') + (flags & 128 ? 'x' : '') + (flags & 512 ? 't' : '') + (flags & 1024 ? 'a' : '')
}
/** A descriptor: `{ node, position, flags, path }`. */
export const open = (path, flags = 'r', mode = 0o666) => {
  const how = flagsOf(flags)
  let node = find(pathOf(path), 'open', path)
  if (how.includes('w') && node && node.kind === 'file') holder(path, 'open')
  if (node && how.includes('x')) fail('EEXIST', 'open', path)
  if (!node && !how.includes('c')) fail('ENOENT', 'open', path)
  node ??= create(path, 'file', Number(mode) & ~0o22, 'open')
  if (node.kind === 'folder' && how.includes('w')) fail('EISDIR', 'open', path)
  if (how.includes('t')) resize(node, 0)
  const fd = nextFd++
  opened.set(fd, { node, position: 0, flags: how, path })
  return fd
}
export const at = (fd, call) => opened.get(fd) ?? fail('EBADF', call)
export const close = (fd) => { at(fd, 'close'); opened.delete(fd) }

/** The function's own files that are no code: base64 by path, put below /var/task before its first line runs. */
const putFiles = (files) => {
  for (const [path, text] of Object.entries(files)) {
    let folder = root.entries.get('var').entries.get('task')
    const parts = path.split('/')
    const name = parts.pop()
    for (const part of parts) {
      if (!folder.entries.has(part)) folder.entries.set(part, makeNode('folder', 0o755))
      folder = folder.entries.get(part)
    }
    const data = Buffer.from(text, 'base64')
    folder.entries.set(name, Object.assign(makeNode('file', 0o644), { data, size: data.length }))
  }
}
Object.defineProperty(globalThis, Symbol.for('swarmlambda.files'), { value: putFiles })
