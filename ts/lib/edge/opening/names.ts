// The DNS server of an edge, when it has one.
import type { ZoneConfig } from '../../config.js'
import { openDnsFleet } from '../dns-fleet.js'
import type { Parts } from './gateway.js'
import type { Start } from './start.js'

/** Takes another zone while it runs. */
export type UpdateNames = (zone: ZoneConfig) => Promise<void>

/** Null: this edge answers no names. */
export async function openNames({ config, log, place, say, stack }: Start, { ground, invocations, network, watching }: Parts, url: string): Promise<UpdateNames | null> {
  if (!config.dns) return null
  const [{ openDns }, { openPlaces }, { openSigner }] = await Promise.all([import('../../dns/server.js'), import('../../dns/places.js'), import('../../dns/signer.js')])
  const { isDraining } = invocations
  const fleet = openDnsFleet({ place, url, mesh: network.mesh, isReady: () => !isDraining(), inFlight: () => ground.engine.stats().inFlight, clock: Date.now })
  const settingsOf = async ({ keyFile, placesFile, ...zone }: ZoneConfig) => ({
    ...zone,
    challenges: (name: string) => watching.challenges.texts(name),
    places: placesFile === null ? null : await openPlaces(placesFile),
    signer: keyFile === null ? null : await openSigner(keyFile, zone.zone),
  })
  const dns = stack.use(await openDns({ ...(await settingsOf(config.dns)), fleet, log }))
  say(`dns for ${config.dns.zone} on ${dns.address}`)
  return async (zone) => dns.update(await settingsOf(zone))
}
