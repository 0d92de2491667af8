// The proxy: configuration, upstreams, server, until a signal.

import { run, untilStopped } from '../lib/cli.js'
import { parseProxyConfig, PROXY_VARIABLES } from '../lib/config.js'
import { createLog } from '../lib/log.js'
import { openProxy } from '../lib/proxy/proxy.js'
import { openUpstreams } from '../lib/upstreams.js'

// It sees to its own errors.
void run(
  {
    name: 'proxy',
    about:
      'One HTTP port in front of the edges: each request goes to the nearest healthy edge, and to the next one when\n' +
      'that refuses the connection.',
    variables: PROXY_VARIABLES,
    main: async ({ env, signal }) => {
      const { host, port, edges, region, logFormat, logLevel } = parseProxyConfig(env)
      const log = createLog(logLevel, { format: logFormat, context: { program: 'proxy' } })
      await using upstreams = openUpstreams({ edges, region, log })
      await using proxy = await openProxy({ host, port, upstreams, log })
      await upstreams.settled()
      process.stdout.write(`proxy is ready on ${proxy.url}\n`)
      await untilStopped(signal)
    },
  },
  process.argv.slice(2),
  process.env,
)
