// bin/swarmlambda.js: the command line. Exit codes: 0; 1 when something failed, a function included; 2 for wrong usage.
import { Command, CommanderError } from 'commander'
import { SwarmError } from '../lib/errors.js'
import { VERSION } from '../lib/version.js'
import { paintOf } from './commands/output.js'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const VERSION_FLAGS = ['-v', '--version']

type Module = { add: (program: Command) => void }

/** By heading of the help: which file has which commands. */
const COMMANDS: readonly (readonly [heading: string, ...files: (readonly [names: string, load: () => Promise<Module>])[]])[] = [
  ['Begin:', ['init', () => import('./commands/init.js')], ['dev', () => import('./commands/dev.js')]],
  [
    'Functions:',
    ['deploy', () => import('./commands/deploy.js')],
    ['invoke', () => import('./commands/invoke.js')],
    ['ls rm', () => import('./commands/functions.js')],
    ['versions alias rollback', () => import('./commands/versions.js')],
    ['routes', () => import('./commands/routes.js')],
    ['schedules', () => import('./commands/schedules.js')],
    ['logs', () => import('./commands/logs.js')],
  ],
  [
    'The mesh:',
    ['status top drain undrain leave', () => import('./commands/mesh.js')],
    ['keys', () => import('./commands/keys.js')],
    ['token', () => import('./commands/token.js')],
  ],
  ['Programs:', ['edge proxy dns', () => import('./commands/programs.js')]],
  [
    'This machine:',
    ['config', () => import('./commands/config.js')],
    ['zone', () => import('./commands/zone.js')],
    ['backup restore', () => import('./commands/backup.js')],
    ['doctor', () => import('./commands/doctor.js')],
    ['completion', () => import('./commands/completion.js')],
  ],
]

/** With the commands that are needed for what is asked. */
async function programOf(asked: string): Promise<Command> {
  const program = new Command('swarmlambda')
    .description('Runs JavaScript functions near their callers, on machines you own.')
    .version(`SwarmLambda ${VERSION}`, '-v, --version')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'swarmlambda: ')) })
    .exitOverride()
  // The help, completion and a mistake need all; a command needs its own, and begins sooner without the others.
  const isKnown = VERSION_FLAGS.includes(asked) || COMMANDS.some(([, ...files]) => files.some(([names]) => names.split(' ').includes(asked)))
  for (const [heading, ...files] of COMMANDS) {
    program.commandsGroup(heading)
    for (const [names, load] of files) if (!isKnown || names.split(' ').includes(asked)) (await load()).add(program)
  }
  pointAtHelp(program, 'swarmlambda')
  return program
}

/** A mistake points at the help of the command it was made in. */
function pointAtHelp(command: Command, path: string): void {
  command.showHelpAfterError(`See ${path} --help.`)
  for (const each of command.commands) pointAtHelp(each, `${path} ${each.name()}`)
}

async function main(): Promise<void> {
  // Whoever read our output may be gone (`swarmlambda ls | head`): no reason to complain.
  process.stdout.on('error', () => process.exit(EXIT_FAILED))
  try {
    await (await programOf(process.argv[2] ?? '')).parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
    else if (error instanceof SwarmError) {
      process.stderr.write(`${paintOf(process.stderr).red('swarmlambda:')} ${error.message}\n`)
      process.exitCode = error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FAILED
    } else throw error
  }
}

void main()
