// `process` as packages require it.
module.exports = globalThis.process
