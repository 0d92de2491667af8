// The global AbortController, as packages require it.
module.exports = globalThis
