// bin/swarmlambda.js: the command line. Exit codes: 0; 1 when something failed, a function included; 2 for wrong usage.
import { Command, CommanderError } from 'commander'
import { SwarmError } from '../lib/errors.js'
import { VERSION } from '../lib/version.js'
import { addBackup } from './commands/backup.js'
import { addCompletion } from './commands/completion.js'
import { addConfig } from './commands/config.js'
import { addDeploy } from './commands/deploy.js'
import { addDev } from './commands/dev.js'
import { addInit } from './commands/init.js'
import { addDoctor } from './commands/doctor.js'
import { addFunctions } from './commands/functions.js'
import { addInvoke } from './commands/invoke.js'
import { addKeys } from './commands/keys.js'
import { addLogs } from './commands/logs.js'
import { addMesh } from './commands/mesh.js'
import { paintOf } from './commands/output.js'
import { addPrograms } from './commands/programs.js'
import { addRoutes } from './commands/routes.js'
import { addSchedules } from './commands/schedules.js'
import { addToken } from './commands/token.js'
import { addVersions } from './commands/versions.js'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

const GROUPS: readonly (readonly [heading: string, ...add: ((program: Command) => void)[]])[] = [
  ['Begin:', addInit, addDev],
  ['Functions:', addDeploy, addInvoke, addFunctions, addVersions, addRoutes, addSchedules, addLogs],
  ['The mesh:', addMesh, addKeys, addToken],
  ['Programs:', addPrograms],
  ['This machine:', addConfig, addBackup, addDoctor, addCompletion],
]

const program = new Command('swarmlambda')
  .description('Runs JavaScript functions near their callers, on machines you own.')
  .version(`SwarmLambda ${VERSION}`, '-v, --version')
  .showHelpAfterError('See swarmlambda --help.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'swarmlambda: ')) })
  .exitOverride()

for (const [heading, ...groups] of GROUPS) {
  program.commandsGroup(heading)
  for (const add of groups) add(program)
}

// Whoever read our output may be gone (`swarmlambda ls | head`): no reason to complain.
process.stdout.on('error', () => process.exit(EXIT_FAILED))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  else if (error instanceof SwarmError) {
    process.stderr.write(`${paintOf(process.stderr).red('swarmlambda:')} ${error.message}\n`)
    process.exitCode = error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FAILED
  } else throw error
}
