// The functions: the engine's table follows the registry, and deploys go into the registry.
import { RESERVED_SEGMENTS } from '../../api/control.js'
import { openFunctions } from '../../api/functions.js'
import { stopBundler } from '../../bundle.js'
import { holdersOf, placedOn, waitForHolders, watchPlaces } from '../holders.js'
import { openSites } from '../sites.js'
import { specOf } from '../spec.js'
import { openSync } from '../sync.js'
import type { Ground } from './ground.js'
import type { Network } from './network.js'
import type { Start } from './start.js'

export type Table = ReturnType<typeof openTable>

export function openTable({ config, hosts, log, place, signals, stack }: Start, { engine }: Ground, { mesh, registry }: Network) {
  const { name: self, region } = place
  const spec = specOf.bind(null, place)
  const sync = stack.use(
    openSync({
      engine,
      registry,
      specOf: spec,
      isPlacedHere: (name, placement) => placedOn({ mesh, region }, name, placement).has(mesh.id),
      onChange: () => signals.emit('change'),
      log,
    }),
  )
  mesh.events.on('status', () => sync.poke())
  stack.use(watchPlaces(mesh, () => sync.place()))
  const sites = stack.use(openSites({ engine, registry, reserved: RESERVED_SEGMENTS, zone: config.zone, hosts }))
  const holders = { self, region, mesh, registry, loaded: sync.loaded, changes: signals }
  const functions = openFunctions({
    engine,
    registry,
    specOf: spec,
    holders: (name, revisionId) => holdersOf(holders, name, revisionId),
    waitForHolders: (record, wait) => waitForHolders(holders, record, wait),
  })
  stack.defer(stopBundler)
  return { sync, sites, spec, holders, functions }
}
