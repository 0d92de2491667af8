// What every peer on a JavaScript runtime answers with: the functions of a folder, called as an edge is.
const { join } = require('node:path')

/** `/2015-03-31/functions/NAME/invocations` and a body → the body of the answer; null: no such function. */
exports.serve = (folder) => {
  const handlers = new Map()
  const find = (name) => {
    if (!handlers.has(name)) handlers.set(name, require(join(folder, `${name}.cjs`)).handler)
    return handlers.get(name)
  }
  return async (path, body) => {
    const [, name] = /^\/2015-03-31\/functions\/([\w-]+)\/invocations$/.exec(path) ?? []
    return name === undefined ? null : JSON.stringify(await find(name)(JSON.parse(body)))
  }
}
