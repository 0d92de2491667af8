// Replaces the plugin's JavaScript by its bytecode, in the built module: an edge that starts has nothing to parse, and a
// snapshot holds no source. Usage: node precompile.mjs IN.wasm OUT.wasm
import { readFile, writeFile } from 'node:fs/promises'

const [, , from, to] = process.argv
const wasm = await readFile(from)
const module = new WebAssembly.Module(wasm)
const nothing = () => 0
const imports = {}
for (const { module: name, name: field } of WebAssembly.Module.imports(module)) (imports[name] ??= {})[field] = nothing
const { exports } = new WebAssembly.Instance(module, imports)
exports._initialize()
const answer = exports['compile-runtime']()
const [pointer, length] = [Number(answer >> 32n), Number(answer & 0x7fffffffn)]
const bytecode = Buffer.from(exports.memory.buffer, pointer, length)
if (answer & 0x80000000n) throw new Error(bytecode.toString())

const head = Buffer.from('SLJS')
let at = -1
// The mark stands where the length of a source follows, not where code compares with it.
do at = wasm.indexOf(head, at + 1)
while (at >= 0 && !(wasm.readUInt32LE(at + 4) > 1 << 16 && wasm.readUInt32LE(at + 4) < wasm.length))
if (at < 0) throw new Error('the module has no JavaScript in it')
const size = wasm.readUInt32LE(at + 4)
if (bytecode.length > size * 2 - 8) throw new Error(`the bytecode (${bytecode.length}) is longer than its room (${size * 2 - 8})`)
wasm.fill(0, at + 8, at + 8 + size)
wasm.write('SLBC', at)
wasm.writeUInt32LE(bytecode.length, at + 4)
bytecode.copy(wasm, at + 8)
await writeFile(to, wasm)
console.log(`bytecode: ${Math.round(bytecode.length / 1024)} KiB of source ${Math.round(size / 1024)} KiB`)
