// Stats and Dirent.
const BITS = { folder: 0o040000, file: 0o100000, link: 0o120000 }
const BLOCK = 4096

class Kinds {
  isFile() { return this._kind === 'file' }
  isDirectory() { return this._kind === 'folder' }
  isSymbolicLink() { return this._kind === 'link' }
  isBlockDevice() { return false }
  isCharacterDevice() { return false }
  isFIFO() { return false }
  isSocket() { return false }
}
export class Stats extends Kinds {
  constructor(node, { bigint = false } = {}) {
    super()
    const number = bigint ? BigInt : Number
    const size = node.kind === 'file' ? node.size : node.kind === 'link' ? node.target.length : BLOCK
    Object.defineProperty(this, '_kind', { value: node.kind })
    Object.assign(this, { dev: number(1), mode: number(BITS[node.kind] | node.mode), nlink: number(node.links), uid: number(993), gid: number(990), rdev: number(0), blksize: number(BLOCK), ino: number(node.inode), size: number(size), blocks: number(Math.ceil(size / 512)) })
    for (const [name, key] of [['atime', 'atime'], ['mtime', 'mtime'], ['ctime', 'ctime'], ['birthtime', 'birth']]) {
      this[`${name}Ms`] = number(node[key])
      if (bigint) this[`${name}Ns`] = BigInt(node[key]) * 1_000_000n
      this[name] = new Date(node[key])
    }
  }
}
export class Dirent extends Kinds {
  constructor(name, parentPath, kind) {
    super()
    Object.defineProperty(this, '_kind', { value: kind })
    Object.assign(this, { name, parentPath, path: parentPath })
  }
}
