// node:module, and `require` for built-ins: what a function can load at run time.
import { coded } from './errors.js'

/** Filled by node/index.js: canonical name → module. */
export const builtins = new Map()

const bare = (name) => (name.startsWith('node:') ? name.slice(5) : name)
export const isBuiltin = (name) => typeof name === 'string' && builtins.has(bare(name))
export const builtin = (name) => {
  const found = builtins.get(bare(name))
  if (found === undefined) throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${name}`)
  return found
}

export const createRequire = () => {
  const require = (name) => {
    if (isBuiltin(name)) return builtin(name)
    throw coded(Error, 'MODULE_NOT_FOUND', `Cannot find module '${name}': a function's own files are bundled at deploy; import them with a name that is written out`, { requireStack: [] })
  }
  return Object.assign(require, { resolve: (name) => { if (isBuiltin(name)) return name; return require(name) }, cache: {}, extensions: {}, main: undefined })
}

class Module {
  constructor(id = '') { Object.assign(this, { id, exports: {}, loaded: false, children: [], paths: [], filename: id, path: '' }) }
  require(name) { return createRequire()(name) }
  _compile(source, filename) {
    const compiled = new Function('exports', 'require', 'module', '__filename', '__dirname', String(source).replace(/^#!.*/, ''))
    compiled.call(this.exports, this.exports, createRequire(), this, filename, filename.replace(/\/[^/]*$/, ''))
    this.loaded = true
  }
}
export default Object.assign(Module, {
  Module, createRequire, isBuiltin, get builtinModules() { return [...builtins.keys()].filter((name) => name !== 'undici') }, _cache: {}, _extensions: {}, _load: (name) => createRequire()(name), _resolveFilename: (name) => name, wrap: (code) => code, syncBuiltinESMExports() {}, findSourceMap: () => undefined, register() {}, globalPaths: [], enableCompileCache() {},
})
