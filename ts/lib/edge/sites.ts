// Tells the gateway which function URLs and routes there are, whenever the registry's parts change.
import { routesOf } from '../api/routes.js'
import { urlIdOf } from '../lambda/attributes.js'
import type { Engine } from '../native.js'
import { isItem, type AnyRecord } from '../registry/record.js'
import type { Registry } from '../registry/types.js'

export interface SitesOptions {
  engine: Pick<Engine, 'setSites'>
  registry: Pick<Registry, 'allParts' | 'item' | 'events'>
  /** First segments of paths that routes leave alone. */
  reserved: readonly string[]
  /** The mesh's name in DNS: functions have names under it, and under lambda.mesh. */
  zone: string
  /** Names of the edge itself, which are no function's though under the zone. */
  hosts: () => readonly string[]
}

interface UrlConfig {
  AuthType: 'NONE' | 'AWS_IAM'
  InvokeMode: 'BUFFERED' | 'RESPONSE_STREAM'
  Cors?: Record<string, unknown>
}

const URL_KEY = /^([^:!]+)!url:(.+)$/

export interface Sites extends Disposable {
  /** The names of the edge have changed. */
  refresh(): void
}

export function openSites({ engine, registry, reserved, zone, hosts }: SitesOptions): Sites {
  const tell = (): void => {
    const { cors, routes } = routesOf(registry)
    engine.setSites(
      JSON.stringify({
        urls: registry.allParts().flatMap(urlsOf),
        routes: Object.entries(routes).map(([key, { function: name, payloadFormatVersion, qualifier }]) => ({ key, function: name, qualifier: qualifier ?? null, format: payloadFormatVersion })),
        cors,
        reserved,
        zone,
        hosts: hosts(),
      }),
    )
  }
  const onPart = ({ name }: AnyRecord): void => {
    if (name.startsWith('!') || URL_KEY.test(name)) tell()
  }
  registry.events.on('part', onPart)
  tell()
  return { refresh: tell, [Symbol.dispose]: () => void registry.events.off('part', onPart) }
}

function urlsOf(part: AnyRecord): Record<string, unknown>[] {
  const [, name, qualifier] = URL_KEY.exec(part.name) ?? []
  if (name === undefined || qualifier === undefined || !isItem(part)) return []
  const { AuthType, Cors, InvokeMode } = part.value as unknown as UrlConfig
  const cors = Cors && Object.fromEntries(Object.entries(Cors).map(([field, value]) => [field[0]?.toLowerCase() + field.slice(1), value]))
  return [
    {
      id: urlIdOf(name, qualifier),
      function: name,
      qualifier: qualifier === '$LATEST' ? null : qualifier,
      signed: AuthType === 'AWS_IAM',
      streams: InvokeMode === 'RESPONSE_STREAM',
      cors: cors ?? null,
    },
  ]
}
