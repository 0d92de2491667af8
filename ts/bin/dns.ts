// The DNS server: configuration, upstreams, server, until a signal.

import { run, untilStopped } from '../lib/cli.js'
import { DNS_VARIABLES, parseDnsConfig } from '../lib/config.js'
import { openAddresses } from '../lib/dns/addresses.js'
import { openPlaces } from '../lib/dns/places.js'
import { openDns } from '../lib/dns/server.js'
import { openSigner } from '../lib/dns/signer.js'
import { fleetOfUpstreams } from '../lib/dns/upstream-fleet.js'
import { createLog } from '../lib/log.js'
import { openUpstreams } from '../lib/upstreams.js'

// It sees to its own errors.
void run(
  {
    name: 'dns',
    about: 'Answers one name, and all names under it, with the nearest live edge; see docs/dns.md.',
    variables: DNS_VARIABLES,
    main: async ({ env, signal }) => {
      const { edges, keyFile, logFormat, logLevel, placesFile, region, ...zone } = parseDnsConfig(env)
      const log = createLog(logLevel, { format: logFormat, context: { program: 'dns' } })
      const places = placesFile === null ? null : await openPlaces(placesFile)
      if (places !== null) log.info('places of clients are known', { file: placesFile, database: places.about })
      const signer = keyFile === null ? null : await openSigner(keyFile, zone.zone)
      await using upstreams = openUpstreams({ edges, region, log })
      using addresses = await openAddresses(edges, log)
      await using dns = await openDns({ ...zone, places, signer, fleet: fleetOfUpstreams(upstreams, addresses, region), log })
      await upstreams.settled()
      process.stdout.write(`dns is ready on ${dns.address}\n`)
      await untilStopped(signal)
    },
  },
  process.argv.slice(2),
  process.env,
)
