// node:path: POSIX from path-browserify; Windows paths from unenv (pathe).
import posix from 'path-browserify'
import { win32 } from 'unenv/node/path'

posix.posix = posix
posix.win32 = { ...win32, posix, sep: '\\', delimiter: ';' }
posix.win32.win32 = posix.win32
posix.toNamespacedPath ??= (path) => path
posix._makeLong = posix.toNamespacedPath
posix.matchesGlob = (path, pattern) => {
  const source = pattern.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('**/', '\u0001').replaceAll('**', '\u0002').replaceAll('*', '[^/]*').replaceAll('?', '[^/]').replaceAll('\u0001', '(?:.*/)?').replaceAll('\u0002', '.*')
  return new RegExp(`^${source}$`).test(path)
}
export default posix
