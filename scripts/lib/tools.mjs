// The tools a build needs. Each missing one is a single line that says what to install.
import { readFile } from 'node:fs/promises'
import { at } from './paths.mjs'
import { outputOf } from './run.mjs'
import { Stop } from './terminal.mjs'

/** Is version `have` (`1.95.0`) at least `want` (`1.95`)? */
export const atLeast = (have, want) => {
  const [a, b] = [have, want].map((version) => version.split(/[.-]/).map(Number))
  for (let i = 0; i < b.length; i += 1) {
    if ((a[i] || 0) !== b[i]) return (a[i] || 0) > b[i]
  }
  return true
}

/** Stops when this node is older than package.json's `engines` allows. */
export const requireNode = async () => {
  const { engines } = JSON.parse(await readFile(at('package.json'), 'utf8'))
  const want = engines.node.replace('>=', '')
  if (!atLeast(process.versions.node, want)) {
    throw new Stop(`Node ${want} or newer is needed; this is ${process.versions.node}. Install it: https://nodejs.org`)
  }
}

/** Stops when Rust (as new as Cargo.toml asks) or a C compiler, which links it, is missing. */
export const requireRust = async () => {
  const want = /^rust-version = "([\d.]+)"/m.exec(await readFile(at('Cargo.toml'), 'utf8'))?.[1] ?? '1.95'
  const [cargo, rustc, cc] = await Promise.all([
    outputOf('cargo', ['--version']),
    outputOf('rustc', ['--version']),
    outputOf(process.env.CC ?? 'cc', ['--version']),
  ])
  if (cargo === null || rustc === null) {
    const name = cargo === null ? 'cargo' : 'rustc'
    throw new Stop(`${name} was not found. Install Rust ${want} or newer: https://rustup.rs`)
  }
  const have = /\d+\.\d+\.\d+/.exec(rustc)?.[0] ?? '0'
  if (!atLeast(have, want)) {
    throw new Stop(`Rust ${want} or newer is needed; this is ${have}. Run: rustup update stable`)
  }
  if (cc === null) {
    const how = process.platform === 'darwin' ? 'xcode-select --install' : 'apt-get install build-essential (or your system’s gcc)'
    throw new Stop(`A C compiler (cc) was not found; Rust links with it. Run: ${how}`)
  }
}
