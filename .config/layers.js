// Who may import whom among the host's modules (ts/lib/<module>, a file or a folder): DESIGN §2 as a table. A module
// that isn't listed may import nothing and be imported by nobody, so a new one has to be put in its place here.
import { dirname, relative, resolve, sep } from 'node:path'

/** Importable from anywhere: nothing of this project is behind them. */
const COMMON = ['addresses', 'errors', 'log', 'version', 'snapshot']

const LAYERS = {
  addresses: [],
  errors: [],
  log: [],
  version: [],
  snapshot: [],
  regions: [],
  config: ['regions'],
  cli: ['config'],
  cluster: [],
  p2p: ['cluster'],
  registry: ['p2p', 'cluster'],
  router: ['regions', 'p2p'],
  bundle: [],
  client: [],
  project: ['api', 'schedules', 'bundle', 'client', 'regions'],
  metrics: [],
  observe: ['p2p'],
  tracing: ['observe'],
  api: ['observe', 'router', 'registry', 'bundle', 'metrics', 'regions'],
  lambda: ['api', 'registry', 'bundle', 'regions'],
  openapi: ['api', 'schedules'],
  docs: ['api', 'config', 'openapi', 'project'],
  doctor: ['dev', 'client'],
  dev: ['project', 'client', 'regions'],
  native: [],
  certificates: ['config'],
  acme: ['registry', 'p2p', 'config'],
  backup: ['registry'],
  service: [],
  queue: ['registry'],
  schedules: ['api', 'queue', 'registry', 'p2p'],
  disposal: [],
  edge: ['acme', 'certificates', 'dns', 'api', 'observe', 'tracing', 'openapi', 'project', 'lambda', 'queue', 'schedules', 'router', 'registry', 'p2p', 'cluster', 'native', 'regions', 'bundle', 'metrics', 'config', 'disposal'],
  'edge-keeper': ['edge', 'registry'],
  upstreams: ['regions', 'config'],
  dns: ['upstreams', 'regions', 'config'],
  proxy: ['upstreams', 'router', 'regions', 'config'],
}

/** What may be imported besides as types only: the native module's DTOs are the shape of what comes in from HTTP. */
const TYPES = { acme: ['native'], certificates: ['native'], api: ['native'], lambda: ['native'], router: ['native'], observe: ['native'], tracing: ['native'], metrics: ['native', 'p2p', 'registry'] }

/** Each program, and all it may load; that the proxy and the DNS server load no native code follows from here. */
const PROGRAMS = {
  edge: ['edge-keeper', 'config', 'cli', 'native', 'service'],
  proxy: ['proxy', 'upstreams', 'config', 'cli'],
  dns: ['dns', 'upstreams', 'config', 'cli'],
  swarmlambda: [],
  commands: ['backup', 'certificates', 'client', 'project', 'dev', 'doctor', 'regions', 'config', 'cluster', 'api', 'dns'],
}

const withoutExtension = (name) => name.replace(/\.[a-z.]+$/, '')

/** Where a file or an import's target belongs: `{ area: 'lib' | 'bin' | 'ui' | …, module }`. */
const placeOf = (path) => {
  const [top, area, module] = path.split(sep)
  if (top !== 'ts') return { area: top, module: withoutExtension(area ?? '') }
  return { area, module: withoutExtension(module ?? '') }
}

const allowedFor = ({ area, module }) => (area === 'bin' ? PROGRAMS[module] : LAYERS[module])

const problemOf = (from, to, typeOnly) => {
  if (from.area === 'ui') {
    if (to.area === 'ui') return null
    const snapshot = to.area === 'lib' && to.module === 'snapshot'
    return snapshot && typeOnly ? null : 'the page may import types of ts/lib/snapshot and nothing else of the host'
  }
  if (to.area === 'bindings') {
    const may = from.area === 'test' || (from.area === 'lib' && from.module === 'native')
    return may ? null : 'only ts/lib/native may import the native module'
  }
  if (from.area === 'test' || to.area === 'types') return null
  if (to.area === 'bin') {
    // It runs the other programs as its commands.
    return from.area === 'bin' && (from.module === 'swarmlambda' || from.module === 'commands') ? null : 'nothing may import a program'
  }
  if (to.area !== 'lib') return `ts/${from.area} may not import ${to.area}`
  if (from.area === 'lib' && from.module === to.module) return null
  const allowed = allowedFor(from)
  if (allowed === undefined) return `${from.module} has no place in .config/layers.js yet`
  if (COMMON.includes(to.module) || allowed.includes(to.module)) return null
  if (typeOnly && TYPES[from.module]?.includes(to.module)) return null
  return `${from.module} may not import ${to.module}: see the layers in .config/layers.js`
}

/** The ESLint rule. */
export const layers = {
  meta: { type: 'problem', schema: [], messages: { layer: '{{problem}}' } },
  create(context) {
    const file = context.filename
    const root = context.cwd
    const check = (node, source, typeOnly) => {
      if (typeof source !== 'string' || !source.startsWith('.')) return
      const target = relative(root, resolve(dirname(file), source))
      const problem = problemOf(placeOf(relative(root, file)), placeOf(target), typeOnly)
      if (problem !== null) context.report({ node, messageId: 'layer', data: { problem } })
    }
    return {
      ImportDeclaration: (node) => check(node, node.source.value, node.importKind === 'type'),
      ExportNamedDeclaration: (node) => check(node, node.source?.value, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => check(node, node.source.value, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, node.source.value, false),
    }
  },
}
