// The `wrappers` of .deny.toml, checked against cargo's own list of who depends on whom. cargo-deny does the same; this
// spares every machine building it.
import { readFile } from 'node:fs/promises'
import { at } from './paths.mjs'
import { run } from './run.mjs'
import { Stop } from './terminal.mjs'

const BAN = /\{\s*crate\s*=\s*"([^"]+)"\s*,\s*wrappers\s*=\s*\[([^\]]*)\]\s*\}/g

/** `[{ crate, wrappers }]` of the text of a deny.toml. */
export const parseBans = (text) =>
  [...text.replaceAll(/^\s*#.*$/gm, '').matchAll(BAN)].map(([, crate, list]) => ({
    crate,
    wrappers: [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name),
  }))

/** One line for each dependency that a ban forbids, in the `packages` and `resolve` of `cargo metadata`. */
export const forbidden = (bans, { packages, resolve }) => {
  const nameOf = new Map(packages.map(({ id, name }) => [id, name]))
  return resolve.nodes.flatMap(({ id, deps }) => {
    const name = nameOf.get(id)
    const dependencies = deps.map(({ pkg }) => nameOf.get(pkg))
    return bans
      .filter(({ crate, wrappers }) => !wrappers.includes(name) && dependencies.includes(crate))
      .map(({ crate, wrappers }) => `${name} may not depend on ${crate}; only ${wrappers.join(', ')} may`)
  })
}

/** Stops, naming each dependency that .deny.toml forbids. */
export const checkCrateLayers = async () => {
  const bans = parseBans(await readFile(at('.deny.toml'), 'utf8'))
  if (bans.length === 0) throw new Stop('.deny.toml bans nothing')
  const { code, output } = await run('cargo', ['metadata', '--format-version', '1', '--locked', '--quiet'], { collect: true })
  if (code !== 0) throw new Stop(output)
  const problems = forbidden(bans, JSON.parse(output.slice(output.indexOf('{'))))
  if (problems.length > 0) throw new Stop(problems.join('\n'))
}
