// Routes as behind API Gateway: which function answers which method and path of the mesh. Each is a record of the registry,
// so that routes that are added on two edges at once both count.
import { z } from 'zod'
import { SwarmError } from '../errors.js'
import { CORS_KEY, keyOfRoute, qualifiedKey, routeOf } from '../registry/parts.js'
import { isItem } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import { check, parseJson } from './schemas.js'

export interface Routes {
  list(): RouteTable
  /** These, and no others. `INVALID_PARAMETER` names the route and what is wrong with it; then nothing is changed. */
  replace(body: Buffer): Promise<RouteTable>
  /** One, or all; `NOT_FOUND`. */
  remove(route: string | null): Promise<void>
}

export type Route = z.infer<typeof routeSchema>
export type Cors = z.infer<typeof corsSchema>

export interface RouteTable {
  /** By key: `GET /orders/{id}`, `ANY /{proxy+}`, `$default`. */
  routes: Record<string, Route>
  cors: Cors | null
}

const MAX_ROUTES = 300
const MAX_KEY = 200
const SEGMENT = '(?:\\{[A-Za-z0-9._-]+\\}|[^/{}?#\\s]*)'
const KEY = new RegExp(`^(?:\\$default|(?:ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /(?:${SEGMENT}(?:/${SEGMENT})*)?(?:(?<=/)\\{[A-Za-z0-9._-]+\\+\\})?)$`)

const routeSchema = z.strictObject({
  function: z.string('must be the name of a function').regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be the name of a function'),
  qualifier: z
    .string()
    .regex(/^(\$LATEST|[a-zA-Z0-9_-]{1,128})$/, 'must be a version or an alias')
    .optional(),
  /** Of API Gateway's events. */
  payloadFormatVersion: z.enum(['1.0', '2.0'], 'must be 1.0 or 2.0').default('2.0'),
})

const names = z.array(z.string().max(253)).max(100).optional()
const corsSchema = z.strictObject({
  allowOrigins: names,
  allowMethods: names,
  allowHeaders: names,
  exposeHeaders: names,
  maxAge: z.int().min(0).max(86_400).optional(),
  allowCredentials: z.boolean().optional(),
})

/** `"hello"` and `"hello:live"` are short for an object. */
export const routeTarget = z
  .preprocess((value) => {
    if (typeof value !== 'string') return value
    const [name, qualifier] = value.split(/:(.*)/s)
    return { function: name, ...(qualifier === undefined ? {} : { qualifier }) }
  }, routeSchema)
  // As a JSON schema: what goes into the function above.
  .meta({ anyOf: [{ type: 'string' }, z.toJSONSchema(routeSchema, { io: 'input' })] })

export const isRouteKey = (key: string): boolean => key.length <= MAX_KEY && KEY.test(key)
export const ROUTE_KEY_RULE = 'must be a method and a path, such as "GET /orders/{id}" or "ANY /{proxy+}", or "$default"'

export const tableSchema = z.strictObject({
  routes: z.record(z.string(), routeTarget, 'must be an object of route to function').superRefine((routes, context) => {
    const keys = Object.keys(routes)
    if (keys.length > MAX_ROUTES) context.addIssue(`at most ${MAX_ROUTES} routes`)
    for (const key of keys) {
      if (!isRouteKey(key)) context.addIssue({ code: 'custom', path: [key], message: ROUTE_KEY_RULE })
    }
  }),
  cors: corsSchema.nullable().default(null),
})

export function openRoutes(registry: Pick<Registry, 'allParts' | 'get' | 'item' | 'put' | 'publish'>): Routes {
  const list = (): RouteTable => routesOf(registry)

  const known = (key: string, { function: name, qualifier }: Route): void => {
    const there = registry.get(name) !== null
    const qualified = qualifier === undefined || qualifier === '$LATEST' ? null : qualifiedKey(name, qualifier)
    if (!there || (qualified !== null && registry.get(qualified) === null && registry.item(qualified) === null)) {
      throw new SwarmError('INVALID_PARAMETER', `routes.${key}: there is no function ${qualified ?? name}: deploy it first`)
    }
  }

  return {
    list,
    async replace(body) {
      const table = check(tableSchema, parseJson(body))
      for (const [key, route] of Object.entries(table.routes)) known(key, route)
      const before = list()
      for (const [key, route] of Object.entries(table.routes)) {
        if (JSON.stringify(before.routes[key]) !== JSON.stringify(route)) await registry.put({ type: 'item', name: keyOfRoute(key), value: route })
      }
      for (const key of Object.keys(before.routes)) if (!(key in table.routes)) await registry.publish({ type: 'delete', name: keyOfRoute(key) })
      if (table.cors !== null) await registry.put({ type: 'item', name: CORS_KEY, value: table.cors })
      else if (before.cors !== null) await registry.publish({ type: 'delete', name: CORS_KEY })
      return list()
    },
    async remove(route) {
      const { cors, routes } = list()
      if (route !== null && !(route in routes)) throw new SwarmError('NOT_FOUND', `no route ${JSON.stringify(route.slice(0, MAX_KEY))}`)
      for (const key of route === null ? Object.keys(routes) : [route]) await registry.publish({ type: 'delete', name: keyOfRoute(key) })
      if (route === null && cors !== null) await registry.publish({ type: 'delete', name: CORS_KEY })
    },
  }
}

/** As the registry has them. What another version of the software wrote and this one does not understand is left out. */
export function routesOf(registry: Pick<Registry, 'allParts' | 'item'>): RouteTable {
  const routes: Record<string, Route> = {}
  for (const part of registry.allParts()) {
    const key = routeOf(part.name)
    const route = key !== null && isItem(part) ? routeSchema.safeParse(part.value).data : undefined
    if (key !== null && route) routes[key] = route
  }
  const sorted = Object.entries(routes).sort(([a], [b]) => (a < b ? -1 : 1))
  return { routes: Object.fromEntries(sorted), cors: corsSchema.safeParse(registry.item(CORS_KEY)?.value).data ?? null }
}
