// The DNS server: configuration, upstreams, server, until a signal.

import { run, untilStopped } from '../lib/cli.js'
import { DNS_VARIABLES, parseDnsConfig } from '../lib/config.js'
import { openAddresses } from '../lib/dns/addresses.js'
import { openDns } from '../lib/dns/server.js'
import { createLog } from '../lib/log.js'
import { openUpstreams } from '../lib/upstreams.js'

await run(
  {
    name: 'dns',
    about: 'Answers one name, and all names under it, with the nearest live edge. For development; see docs/dns.md.',
    variables: DNS_VARIABLES,
    main: async ({ env, signal }) => {
      const { host, port, edges, region, zone, ttlSeconds, logLevel } = parseDnsConfig(env)
      const log = createLog(logLevel)
      await using upstreams = openUpstreams({ edges, region, log })
      using addresses = await openAddresses(edges, log)
      await using dns = await openDns({ host, port, zone, ttlSeconds, region, upstreams, addresses, log })
      await upstreams.settled()
      process.stdout.write(`dns is ready on ${dns.address}\n`)
      await untilStopped(signal)
    },
  },
  process.argv.slice(2),
  process.env,
)
