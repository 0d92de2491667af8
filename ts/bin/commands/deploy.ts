// swarmlambda deploy [path]: a folder, a file or an archive becomes a function.
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { SwarmError } from '../../lib/errors.js'
import { openSession, withEdge } from './edge-options.js'

interface DeployOptions {
  endpoint?: string
  token?: string
  json?: boolean
  name?: string
  handler?: string
  memory?: number
  timeout?: number
  description?: string
  env: Record<string, string>
  allow: string[]
  concurrency?: number
  failover?: string
  wait: string
}

interface Deployed {
  name: string
  codeSize: number
  edges: string[]
  url: string
}

export function addDeploy(program: Command): void {
  withEdge(program.command('deploy').description('bundles a folder or file with its npm packages, or takes a ZIP archive, and deploys it to every edge'))
    .argument('[path]', 'the folder, file or archive', '.')
    .option('-n, --name <name>', 'of the function (default: of the folder or file)')
    .option('--handler <file.export>', 'which export of which file is called (default: index.handler, or the file\'s handler)')
    .option('--memory <MB>', 'memory', number)
    .option('--timeout <seconds>', 'time-out', number)
    .option('--description <text>', 'description')
    .option('-e, --env <KEY=value>', 'environment variable; may be repeated', variable, {})
    .option('--allow <host>', 'host that fetch may reach; may be repeated', (host, hosts: string[]) => [...hosts, host], [])
    .option('--concurrency <n>', 'invocations at once on an edge', number)
    .option('--failover <when>', 'any, safe or never')
    .option('--wait <who>', 'all, quorum or local: how many edges to wait for', 'all')
    .action(async (path: string, options: DeployOptions) => {
      const { json, say, client } = await openSession(options)
      const code = await codeOf(path, options)
      say(`bundled ${code.what}: ${kilobytes(code.body.zip?.length ?? code.body.files?.['index.mjs']?.length ?? 0)}`)
      const { memory, timeout, description, env, allow, concurrency, failover, wait } = options
      const { handler, ...body } = code.body
      const answer = await client.call('POST', `/functions?wait=${encodeURIComponent(wait)}`, JSON.stringify({
        name: options.name ?? code.name,
        handler,
        ...body,
        ...(body.zip && { zip: body.zip.toString('base64') }),
        environment: env,
        allow,
        ...(memory !== undefined && { memorySize: memory }),
        ...(timeout !== undefined && { timeout }),
        ...(description !== undefined && { description }),
        ...(concurrency !== undefined && { concurrency }),
        ...(failover !== undefined && { failover }),
      }), { 'content-type': 'application/json' })
      const { name, edges, url, codeSize } = JSON.parse(answer.text) as Deployed
      if (json) process.stdout.write(`${answer.text}\n`)
      else {
        say(`${answer.status === 201 ? 'created' : 'updated'} ${name} (${kilobytes(codeSize)}) on ${edges.join(', ')}`)
        process.stdout.write(`${url}\n`)
      }
    })
}

interface CodeToSend {
  name: string
  what: string
  body: { handler: string; files?: Record<string, string>; zip?: Buffer }
}

/** Packages are bundled here, where they are installed; an archive is sent as it is. */
async function codeOf(path: string, options: DeployOptions): Promise<CodeToSend> {
  const full = resolve(path)
  const kind = await stat(full).catch((cause: unknown) => {
    throw new SwarmError('INVALID_PARAMETER', `${path}: there is no such file or folder`, { cause })
  })
  const name = functionName(basename(full, extname(full)))
  if (kind.isFile() && extname(full) === '.zip') {
    return { name, what: path, body: { handler: options.handler ?? 'index.handler', zip: await readFile(full) } }
  }
  const folder = kind.isDirectory() ? full : dirname(full)
  const handler = options.handler ?? (kind.isDirectory() ? 'index.handler' : `${basename(full, extname(full))}.handler`)
  // The bundler takes a while to load; other commands do without it.
  const [{ inlined }, { bundleFolder }] = await Promise.all([import('../../lib/bundle/esbuild.js'), import('../../lib/bundle/folder.js')])
  const source = inlined(await bundleFolder(folder, handler))
  return { name: kind.isDirectory() ? functionName(basename(full)) : name, what: path, body: { handler: 'index.handler', files: { 'index.mjs': source } } }
}

const functionName = (text: string): string => text.replace(/[^a-zA-Z0-9_-]+/g, '-').slice(0, 64)

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1_000).toLocaleString('en')} kB`

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

function variable(text: string, variables: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be KEY=value.')
  return { ...variables, [name]: value }
}
