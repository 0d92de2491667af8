// swarmlambda versions, alias, rollback: what a function was, and which of it is served.
import type { Command } from 'commander'
import type { Client } from '../../lib/client.js'
import { SwarmError } from '../../lib/errors.js'
import { lambdaPath, openSession, pair, withEdge, type EdgeOptions } from './edge-options.js'
import { ago, kilobytes, table } from './output.js'

interface Version {
  Version: string
  LastModified: string
  CodeSize: number
  CodeSha256: string
  Description: string
}

interface Alias {
  Name: string
  FunctionVersion: string
  Description?: string
  RoutingConfig?: { AdditionalVersionWeights: Record<string, number> }
}

interface Page {
  Versions?: Version[]
  Aliases?: Alias[]
  NextMarker?: string
}

export async function everything(client: Client, name: string): Promise<{ versions: Version[]; aliases: Alias[] }> {
  const pages = async <T>(what: string, itemsOf: (page: Page) => T[]): Promise<T[]> => {
    const all: T[] = []
    let marker: string | undefined
    do {
      const page: Page = await client.json<Page>('GET', `${lambdaPath(name, what)}${marker === undefined ? '' : `?Marker=${marker}`}`)
      all.push(...itemsOf(page))
      marker = page.NextMarker
    } while (marker !== undefined)
    return all
  }
  const [versions, aliases] = await Promise.all([pages('versions', ({ Versions = [] }) => Versions), pages('aliases', ({ Aliases = [] }) => Aliases)])
  return { versions, aliases }
}

export const publish = async (client: Client, name: string, description = ''): Promise<string> =>
  (await client.json<Version>('POST', lambdaPath(name, 'versions'), { Description: description })).Version

/** Makes the alias, or moves it. */
export async function setAlias(client: Client, name: string, alias: string, version: string, weights: Record<string, number> = {}, description?: string): Promise<Alias> {
  const known = (await everything(client, name)).aliases.some(({ Name }) => Name === alias)
  const body = { FunctionVersion: version, RoutingConfig: { AdditionalVersionWeights: weights }, ...(description !== undefined && { Description: description }) }
  return known
    ? await client.json<Alias>('PUT', lambdaPath(name, 'aliases', alias), body)
    : await client.json<Alias>('POST', lambdaPath(name, 'aliases'), { Name: alias, ...body })
}

export function add(program: Command): void {
  withEdge(program.command('versions').description("lists a function's versions with the aliases that lead to them, or publishes one"))
    .argument('<name>', 'of the function')
    .option('--publish', 'publish what is deployed now as the next version')
    .option('--description <text>', 'of the version that is published')
    .action(async (name: string, options: EdgeOptions & { publish?: boolean; description?: string }) => {
      const { client, say, show } = await openSession(options)
      if (options.publish) say(`${name}: $LATEST is version ${await publish(client, name, options.description)} now`)
      const { aliases, versions } = await everything(client, name)
      show({ versions, aliases }, () =>
        table([
          ['VERSION', 'ALIASES', 'CODE', 'SHA-256', 'MODIFIED', 'DESCRIPTION'],
          ...versions.map(({ CodeSha256, CodeSize, Description, LastModified, Version }) => [Version, leading(aliases, Version), kilobytes(CodeSize), CodeSha256.slice(0, 8), ago(LastModified.replace(/\+0000$/, 'Z')), Description]),
        ]))
    })

  const alias = program.command('alias').description('names for a version, or for two by weight')
  withEdge(alias.command('ls').description("lists a function's aliases"))
    .argument('<name>', 'of the function')
    .action(async (name: string, options: EdgeOptions) => {
      const { client, show } = await openSession(options)
      const { aliases } = await everything(client, name)
      show({ aliases }, () => table([['ALIAS', 'VERSION', 'DESCRIPTION'], ...aliases.map((one) => [one.Name, target(one), one.Description ?? ''])]))
    })
  withEdge(alias.command('set').description('makes an alias, or moves it'))
    .argument('<name>', 'of the function')
    .argument('<alias>', 'its name')
    .argument('<version>', 'where it leads: a number, or $LATEST')
    .option('--weight <version=share>', 'a second version and its share of the invocations, such as 4=0.1', pair, {})
    .option('--description <text>', 'description')
    .action(async (name: string, aliasName: string, version: string, options: EdgeOptions & { weight: Record<string, string>; description?: string }) => {
      const { client, say, show } = await openSession(options)
      const weights = Object.fromEntries(Object.entries(options.weight).map(([other, share]) => [other, shareOf(other, share)]))
      const made = await setAlias(client, name, aliasName, version, weights, options.description)
      say(`${name}:${made.Name} leads to ${target(made)}`)
      if (options.json) show(made, () => '')
    })
  withEdge(alias.command('rm').description('deletes an alias'))
    .argument('<name>', 'of the function')
    .argument('<alias>', 'its name')
    .action(async (name: string, aliasName: string, options: EdgeOptions) => {
      const { client, say, show } = await openSession(options)
      await client.call('DELETE', lambdaPath(name, 'aliases', aliasName))
      say(`deleted ${name}:${aliasName}`)
      if (options.json) show({ deleted: `${name}:${aliasName}` }, () => '')
    })

  withEdge(program.command('rollback').description('goes back: moves an alias to an older version, or without --alias deploys that version as $LATEST again'))
    .argument('<name>', 'of the function')
    .argument('[version]', 'where to (default: the one before)')
    .option('--alias <alias>', 'move this alias instead of changing $LATEST')
    .action(async (name: string, version: string | undefined, options: EdgeOptions & { alias?: string }) => {
      const { client, say, show } = await openSession(options)
      const { aliases, versions } = await everything(client, name)
      if (options.alias !== undefined) {
        const current = aliases.find(({ Name }) => Name === options.alias)
        if (!current) throw new SwarmError('NOT_FOUND', `${name} has no alias ${options.alias}: swarmlambda alias ls ${name}`)
        const to = version ?? before(versions, current.FunctionVersion, `${name}:${options.alias}`)
        await setAlias(client, name, options.alias, to)
        say(`the alias ${name}:${options.alias} leads to version ${to} again (was ${target(current)}); $LATEST is as it was`)
        return void (options.json && show({ function: name, alias: options.alias, version: to, was: current.FunctionVersion }, () => ''))
      }
      const latest = versions.find(({ Version }) => Version === '$LATEST')
      const to = version ?? versions.filter(({ CodeSha256, Version }) => Version !== '$LATEST' && CodeSha256 !== latest?.CodeSha256).at(-1)?.Version
      if (to === undefined) throw new SwarmError('NOT_FOUND', `${name} has no published version that differs from $LATEST: publish them with "swarmlambda deploy --publish"`)
      const { edges } = await client.json<{ edges: string[] }>('POST', `/functions/${encodeURIComponent(name)}/rollback`, { version: to })
      say(`the code and settings of version ${to} are $LATEST of ${name} again, on ${edges.join(', ')}; aliases are as they were`)
      if (options.json) show({ function: name, alias: null, version: to, edges }, () => '')
    })
}

function shareOf(version: string, text: string): number {
  const share = Number(text)
  if (share >= 0 && share <= 1) return share
  throw new SwarmError('CONFIG_INVALID', `--weight ${version}=${text}: the share must be from 0 to 1`)
}

function before(versions: readonly Version[], current: string, what: string): string {
  const older = versions.filter(({ Version }) => Version !== '$LATEST' && (current === '$LATEST' || Number(Version) < Number(current))).at(-1)
  if (!older) throw new SwarmError('NOT_FOUND', `${what} leads to ${current}, and there is no older version`)
  return older.Version
}

const target = ({ FunctionVersion, RoutingConfig }: Alias): string =>
  [FunctionVersion, ...Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {}).map(([version, share]) => `${version} (${Math.round(share * 100)} %)`)].join(', ')

const leading = (aliases: readonly Alias[], version: string): string =>
  aliases.filter(({ FunctionVersion, RoutingConfig }) => FunctionVersion === version || version in (RoutingConfig?.AdditionalVersionWeights ?? {})).map(({ Name }) => Name).join(', ')
