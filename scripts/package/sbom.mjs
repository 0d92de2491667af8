// What is inside, as CycloneDX 1.5: npm's own list of the host's packages, and cargo's of the native module's crates.
import { outputOf } from '../lib/run.mjs'
import { Stop } from '../lib/terminal.mjs'
import { NODE } from './executable.mjs'

export const makeSbom = async (target, version) => {
  const npm = await outputOf('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'])
  if (npm === null) throw new Stop('npm sbom failed')
  const cargo = await outputOf('cargo', ['metadata', '--format-version', '1', '--locked', '--filter-platform', target.rust])
  if (cargo === null) throw new Stop('cargo metadata failed')
  const bom = JSON.parse(npm)
  const crates = linked(JSON.parse(cargo)).map(({ license, name, version: of }) => component(`pkg:cargo/${name}@${of}`, name, of, license))
  bom.metadata.component = { type: 'application', 'bom-ref': `swarmlambda-${target.arch}`, name: 'swarmlambda', version }
  bom.components.push(component(`pkg:generic/node@${NODE}`, 'node', NODE, 'MIT'), ...crates)
  return `${JSON.stringify(bom, null, 1)}\n`
}

const component = (purl, name, version, license) => ({ type: 'library', 'bom-ref': purl, name, version, purl, ...(license ? { licenses: [{ expression: license.replaceAll('/', ' OR ') }] } : {}) })

/** What ends up in the module: no dependencies of tests and builds, nothing of our own. */
const linked = ({ packages, resolve }) => {
  const root = packages.find(({ name }) => name === 'swarmlambda-bindings').id
  const found = new Set()
  const visit = (id) => {
    if (found.has(id)) return
    found.add(id)
    for (const { dep_kinds: kinds, pkg } of resolve.nodes.find((node) => node.id === id).deps) if (kinds.some(({ kind }) => kind === null)) visit(pkg)
  }
  visit(root)
  return packages.filter(({ id, source }) => found.has(id) && source !== null).sort((a, b) => (a.id < b.id ? -1 : 1))
}
