// The first of the unpacked files: an ordinary module, so that everything after it is loaded as anywhere.
const { enableCompileCache, flushCompileCache } = require('node:module')
const { constants } = require('node:os')
const { join } = require('node:path')

const FLUSH_MS = 10_000

// `swarmlambda dev` starts the programs as it does in a checkout, by their launchers.
const [, launcher] = /(?:^|\/)bin\/(edge|proxy|dns)\.js$/.exec(process.argv[2] ?? '') ?? []
if (launcher !== undefined) process.argv[2] = launcher

// For all libraries that follow: what an old C library lacks.
process.dlopen({ exports: {} }, join(__dirname, 'dist', 'natives', 'older.node'), constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL)
process.env.ESBUILD_BINARY_PATH ??= join(__dirname, 'bin', 'esbuild')
// What a program compiles for its start is of no use to another. Kept when it runs, as the power may go before it stops.
const [program] = ['edge', 'proxy', 'dns'].filter((name) => name === process.argv[2])
enableCompileCache(join(__dirname, '.code', program ?? 'cli'))
setTimeout(flushCompileCache, FLUSH_MS).unref()
require('./dist/host/host.cjs').swarmlambda()
