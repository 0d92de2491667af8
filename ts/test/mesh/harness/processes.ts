// Real processes for tests: started, awaited by what they print, and ended whatever happens.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Everything printed so far, both streams. */
  output(): string
  /** The first line that contains `text`; rejects when the program ends or the time is up. */
  line(text: string, timeoutMs?: number): Promise<string>
  /** Its exit code; null: ended by a signal. */
  readonly exited: Promise<number | null>
  /** As kill -9 does. */
  kill(): Promise<void>
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>
  signal(name: NodeJS.Signals): void
}

const READY_MS = 60_000
const STOP_MS = 20_000

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** The environment of a test's programs: nothing of the caller's SwarmLambda. */
export const cleanEnvironment = (own: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SWARMLAMBDA_') && name !== 'NODE_TEST_CONTEXT')),
  ...own,
})

export function start(command: string, args: readonly string[], options: { env?: Record<string, string>; cwd?: string } = {}): Program {
  const child = spawn(command, args, { cwd: options.cwd ?? ROOT, env: cleanEnvironment(options.env ?? {}), stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let output = ''
  const listeners = new Set<() => void>()
  const hear = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  const name = `${command} ${args.join(' ')}`

  const line = (text: string, timeoutMs = READY_MS): Promise<string> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        listeners.delete(look)
        settle()
      }
      const look = (): void => {
        const found = output.split('\n').slice(0, -1).find((candidate) => candidate.includes(text))
        if (found !== undefined) finish(() => resolve(found))
      }
      const fail = (why: string): void => finish(() => reject(new Error(`${name} ${why} before it said "${text}":\n${output}`)))
      const timer = setTimeout(() => fail(`took more than ${timeoutMs} ms`), timeoutMs)
      listeners.add(look)
      void exited.then((code) => fail(`ended (${code})`))
      look()
    })

  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    return await exited.finally(() => clearTimeout(timer))
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    line,
    exited,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    stop,
    signal: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Runs a program to its end. */
export async function runToEnd(command: string, args: readonly string[], options: { env?: Record<string, string>; cwd?: string; timeoutMs?: number } = {}): Promise<{ code: number | null; output: string }> {
  await using program = start(command, args, options)
  const timer = setTimeout(() => program.signal('SIGKILL'), options.timeoutMs ?? READY_MS)
  const code = await program.exited.finally(() => clearTimeout(timer))
  return { code, output: program.output() }
}
