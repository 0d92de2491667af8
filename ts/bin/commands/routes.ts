// swarmlambda routes: which function answers which method and path of the mesh.
import { Option, type Command } from 'commander'
import { openSession, withEdge, type EdgeOptions } from './edge-options.js'
import { table } from './output.js'

interface Route {
  function: string
  qualifier?: string
  payloadFormatVersion?: string
}

export interface RouteTable {
  routes: Record<string, Route>
  cors: unknown
}

export function add(program: Command): void {
  const routes = program.command('routes').description('paths of the mesh that functions answer')
  withEdge(routes.command('ls').description('lists the routes')).action(async (options: EdgeOptions) => {
    const { client, say, show } = await openSession(options)
    const all = await client.json<RouteTable>('GET', '/routes')
    const rows = Object.entries(all.routes).map(([key, route]) => [key, target(route), route.payloadFormatVersion ?? '2.0'])
    if (rows.length === 0) say("no route yet: swarmlambda routes set 'GET /hello' hello")
    show(all, () => (rows.length === 0 ? '' : table([['ROUTE', 'FUNCTION', 'EVENT'], ...rows])))
  })
  withEdge(routes.command('set').description('makes a route, or changes it; the others stay'))
    .argument('<route>', "such as 'GET /orders/{id}', 'ANY /{proxy+}' or '$default'")
    .argument('<function>', 'a name, name:version or name:alias')
    .addOption(new Option('--payload <version>', 'format of the event').choices(['1.0', '2.0']).default('2.0'))
    .action(async (key: string, reference: string, options: EdgeOptions & { payload: string }) => {
      const { client, say, show } = await openSession(options)
      const [name = '', qualifier] = reference.split(/:(.*)/s)
      const { cors, routes: known } = await client.json<RouteTable>('GET', '/routes')
      const route: Route = { function: name, ...(qualifier !== undefined && { qualifier }), payloadFormatVersion: options.payload }
      const all = await client.json<RouteTable>('PUT', '/routes', { routes: { ...known, [key]: route }, cors })
      say(`${key} is answered by ${target(route)}`)
      if (options.json) show(all, () => '')
    })
  withEdge(routes.command('rm').description('takes a route away'))
    .argument('<route>', 'as routes ls shows it')
    .action(async (key: string, options: EdgeOptions) => {
      const { client, say, show } = await openSession(options)
      await client.call('DELETE', `/routes?route=${encodeURIComponent(key)}`)
      say(`deleted ${key}`)
      if (options.json) show({ deleted: key }, () => '')
    })
}

const target = ({ function: name, qualifier }: Route): string => (qualifier === undefined ? name : `${name}:${qualifier}`)
