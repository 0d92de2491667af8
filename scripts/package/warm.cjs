// warm.cjs MODULE PLUGIN FOLDER: opens the engine, which leaves the plugin's native code in the folder.
const { readFileSync } = require('node:fs')

const [, , file, plugin, cacheDir] = process.argv
const library = { exports: {} }
process.dlopen(library, file)
const options = { edge: 'build', region: 'local', plugin: readFileSync(plugin), cacheDir, threads: 1, slots: 4, maxMemoryMb: 128, imageMemoryMb: null, maxConnections: null }
library.exports.NativeEdge.open(options).then((engine) => engine.close(0))
