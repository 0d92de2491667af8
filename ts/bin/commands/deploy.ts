// swarmlambda deploy [path]: a folder, a file or an archive becomes a function, or the functions of its swarmlambda.json.
import { Option, type Command } from 'commander'
import { SwarmError } from '../../lib/errors.js'
import type { Deployed, Progress } from '../../lib/project/deploy.js'
import type { FunctionToDeploy, Project } from '../../lib/project/project.js'
import { withFrame } from './code-frame.js'
import { each, number, openSession, pair, withEdge, type EdgeOptions, type Session } from './edge-options.js'
import { kilobytes, paintOf } from './output.js'
import { publish, setAlias } from './versions.js'

interface DeployOptions extends EdgeOptions {
  name?: string
  handler?: string
  memory?: number
  timeout?: number
  description?: string
  env: Record<string, string>
  allow: string[]
  concurrency?: number
  failover?: 'any' | 'safe' | 'never'
  wait: 'local' | 'quorum' | 'all'
  publish?: boolean
  alias?: string
}

export function add(program: Command): void {
  withEdge(program.command('deploy').description('bundles a folder or file with its npm packages, or takes a ZIP archive, and deploys it to every edge; swarmlambda.json in the folder is read'))
    .argument('[path]', 'the folder, file or archive', '.')
    .option('-n, --name <name>', 'of the function (default: of the folder or file); one of several in swarmlambda.json')
    .option('--handler <file.export>', "which export of which file is called (default: index.handler, or the file's handler)")
    .option('--memory <MB>', 'memory', number)
    .option('--timeout <seconds>', 'time-out', number)
    .option('--description <text>', 'description')
    .option('-e, --env <KEY=value>', 'environment variable; may be repeated', pair, {})
    .option('--allow <host>', 'host that fetch may reach; may be repeated', each, [])
    .option('--concurrency <n>', 'invocations at once on an edge', number)
    .addOption(new Option('--failover <when>', 'after which failures the next edge is tried').choices(['any', 'safe', 'never']))
    .addOption(new Option('--wait <who>', 'how many edges to wait for').choices(['all', 'quorum', 'local']).default('all'))
    .option('--publish', 'publish a version of it as well')
    .option('--alias <alias>', 'publish a version, and make this alias lead to it')
    .action(async (path: string, options: DeployOptions) => {
      // The bundler takes a while to load; other commands do without it.
      const [{ openProject }, deploying] = await Promise.all([import('../../lib/project/project.js'), import('../../lib/project/deploy.js')])
      const project = await openProject(path, options.name)
      const session = await openSession(options)
      const { client, json, say, show } = session
      const progress = json ? {} : progressOf(session)
      const results: (Deployed & { version?: string })[] = []
      for (const fn of chosen(project, options)) {
        const deployed = await deploying.deployFunction(client, fn, { wait: options.wait, progress }).catch((error: unknown) => explained(error, project))
        say(`${deployed.created ? 'created' : 'updated'} ${deployed.name} (${kilobytes(deployed.codeSize)}) on ${deployed.edges.join(', ')}`)
        if (deployed.missing.length > 0) say(`${deployed.missing.join(', ')} did not say yet to have it: they follow as soon as they can`)
        const version = options.publish || options.alias !== undefined ? await publish(client, deployed.name, options.description) : null
        if (version !== null) say(`published as version ${version}`)
        if (version !== null && options.alias !== undefined) {
          await setAlias(client, deployed.name, options.alias, version)
          say(`${deployed.name}:${options.alias} leads to version ${version}`)
        }
        results.push({ ...deployed, ...(version !== null && { version }) })
      }
      const routes = await deploying.deployRoutes(client, project)
      if (routes > 0) say(`${routes} route${routes === 1 ? '' : 's'} set`)
      const schedules = await deploying.deploySchedules(client, project)
      if (schedules > 0) say(`${schedules} schedule${schedules === 1 ? '' : 's'} set`)
      show({ functions: results, routes: project.routes, schedules: project.schedules }, () => results.map(({ url }) => `${url}\n`).join(''))
    })
}

function chosen(project: Project, options: DeployOptions): FunctionToDeploy[] {
  const { functions } = project
  const some = options.name === undefined ? functions : functions.filter(({ name }) => name === options.name)
  if (some.length === 0) throw new SwarmError('CONFIG_INVALID', `swarmlambda.json has no function ${options.name ?? ''}: ${functions.map(({ name }) => name).join(', ')}`)
  const given = {
    ...(options.memory !== undefined && { memorySize: options.memory }),
    ...(options.timeout !== undefined && { timeout: options.timeout }),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.allow.length > 0 && { allow: options.allow }),
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.failover !== undefined && { failover: options.failover }),
  }
  return some.map((fn) => ({
    name: fn.name,
    settings: { ...fn.settings, ...given, environment: { ...fn.settings.environment, ...options.env } },
    code: () => fn.code(options.handler),
  }))
}

/** On a terminal one line that changes, elsewhere a line for each thing that happened. */
function progressOf({ say }: Session): Progress {
  const { stderr } = process
  const { dim, green } = paintOf(stderr)
  const line = (text: string): void => void (stderr.isTTY && stderr.write(`\r\u001b[K${dim(text)}`))
  const clear = (): void => void (stderr.isTTY && stderr.write('\r\u001b[K'))
  return {
    bundled: (name, bytes) => say(`bundled ${name}: ${kilobytes(bytes)}`),
    sent: (name, bytes, of) => line(`sending ${name}: ${kilobytes(bytes)} of ${kilobytes(of)}`),
    acknowledged(_name, edge, have, of) {
      clear()
      say(`${green('✓')} ${edge} has it (${have} of ${of})`)
    },
  }
}

async function explained(error: unknown, { folder }: Project): Promise<never> {
  if (!(error instanceof SwarmError)) throw error
  throw new SwarmError(error.code, await withFrame(error, folder, paintOf(process.stderr)), { cause: error })
}
