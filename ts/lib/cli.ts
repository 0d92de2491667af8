// What every program does the same: arguments, signals, and how an error ends it.

import { once } from 'node:events'
import { describeVariables, loadSettings, unknownVariables, type Environment, type Variable } from './config.js'
import { messageOf, SwarmError } from './errors.js'
import { VERSION } from './version.js'

export interface Program {
  /** As in `bin/<name>.js`. */
  name: string
  /** A sentence or two, for --help. */
  about: string
  variables: readonly Variable[]
  /**
   * Runs until `signal` aborts, and has closed all it opened when it returns. What it gives `onReload` runs at SIGHUP, with the
   * settings as they are then; without, and from a terminal that is closed, stops it.
   */
  main(context: { env: Environment; signal: AbortSignal; onReload: (reload: (env: Environment) => Promise<void>) => void }): Promise<void>
}

/** Time for what a closed program left behind (a socket, a timer) to end by itself. */
const LINGER_MS = 1000
const LONG_MS = 1 << 30
/** A shell's code for "ended by SIGINT". */
const EXIT_INTERRUPTED = 130

export const helpText = ({ name, about, variables }: Program): string =>
  `Usage: node bin/${name}.js [--config FILE] [--help] [--version]

${about}

Environment variables, and their keys in the file that --config or SWARMLAMBDA_CONFIG names (else ./swarmlambda.toml, else
/etc/swarmlambda/swarmlambda.toml, when there); a variable wins over the file:
${describeVariables(variables)}
`

/** `--config FILE` or `--config=FILE`, and the first argument besides. */
const readArguments = (argv: readonly string[]): { file: string | null; argument: string | undefined } => {
  const [first = '', second] = argv
  if (first === '--config' && second !== undefined) return { file: second, argument: argv[2] }
  if (first.startsWith('--config=')) return { file: first.slice('--config='.length), argument: second }
  return { file: null, argument: argv[0] }
}

const printError = (error: unknown): void => {
  const known = error instanceof SwarmError
  const text = known ? error.message.replace(/\s+/g, ' ') : error instanceof Error ? error.stack : messageOf(error)
  process.stderr.write(`swarmlambda: ${text}\n`)
}

/** Resolves when `signal` aborts. */
export const untilStopped = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort')
}

/**
 * Runs a program to its end and sets the exit code: 0 after a graceful stop, 1 for an error, which is one line on
 * stderr when it is a SwarmError. The first SIGINT or SIGTERM stops the program gracefully, the second at once.
 */
export const run = async (program: Program, argv: readonly string[], env: Environment): Promise<void> => {
  const { argument, file } = readArguments(argv)
  if (argument === '--help' || argument === '-h') return void process.stdout.write(helpText(program))
  if (argument === '--version' || argument === '-v') {
    return void process.stdout.write(`SwarmLambda ${program.name} ${VERSION}\n`)
  }
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED)
    stop.abort()
  }
  let reload: ((env: Environment) => Promise<void>) | null = null
  const onHangUp = (): void => {
    if (reload === null || process.stdin.isTTY) return onSignal()
    const apply = reload
    void loadSettings(env, file)
      .then(({ values }) => apply(values))
      .catch(printError)
  }
  // Waiting for a signal alone would not keep Node running.
  const alive = setInterval(() => {}, LONG_MS)
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onHangUp)
  // Whoever read our output may be gone (`node bin/edge.js | head`): no reason to end.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  try {
    if (argument !== undefined) {
      const known = `bin/${program.name}.js knows --config FILE, --help and --version; all else is set there or by SWARMLAMBDA_* variables`
      throw new SwarmError('CONFIG_INVALID', `unknown argument ${JSON.stringify(argument)}: ${known}`)
    }
    for (const name of unknownVariables(Object.keys(env))) {
      process.stderr.write(`swarmlambda: ${name} is set but no variable of SwarmLambda: it has no effect\n`)
    }
    const settings = await loadSettings(env, file)
    if (settings.file !== null) process.stderr.write(`swarmlambda: configuration from ${settings.file}\n`)
    await program.main({ env: settings.values, signal: stop.signal, onReload: (work) => (reload = work) })
  } catch (error) {
    printError(error)
    process.exitCode = 1
  } finally {
    clearInterval(alive)
  }
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
