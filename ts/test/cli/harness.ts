// The command line as a person or a script runs it: a process, what it printed, how it ended.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cleanEnvironment, ROOT } from '../mesh/harness/processes.js'

export interface Ended {
  code: number | null
  out: string
  err: string
}

export interface Given {
  input?: string
  cwd?: string
  env?: Record<string, string>
}

const MOST_MS = 60_000

/** Runs it to its end, which comes after a minute at the latest. */
export function swarmlambda(args: readonly string[], { cwd = ROOT, env = {}, input = '' }: Given = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'bin/swarmlambda.js'), ...args], { cwd, env: cleanEnvironment(env), timeout: MOST_MS })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString() })
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(input)
  })
}

/** Writes files into a folder; its path. */
export async function folderOf(path: string, files: Record<string, string>): Promise<string> {
  await mkdir(path, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
  return path
}

type Told = Record<string, unknown> & { event?: string }

export interface Following extends AsyncDisposable {
  /** The next line of JSON with that `event`, or that `message`, among those not waited for yet. */
  next(event: string, timeoutMs?: number): Promise<Told>
  /** Presses keys. */
  press(keys: string): void
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<number | null>
}

const NEXT_MS = 60_000

/** Runs a command that goes on, with --json. */
export function follow(args: readonly string[], { cwd = ROOT, env = {} }: Given = {}): Following {
  const child = spawn(process.execPath, [join(ROOT, 'bin/swarmlambda.js'), ...args, '--json'], { cwd, env: cleanEnvironment(env) })
  const events: Told[] = []
  let [read, err] = [0, '']
  let rest = ''
  const listeners = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    events.push(...lines.map((line) => JSON.parse(line) as Told))
    for (const listener of listeners) listener()
  })
  child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString() })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    ended,
    press: (keys) => void child.stdin.write(keys),
    signal: (name) => void child.kill(name),
    next: (event, timeoutMs = NEXT_MS) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          listeners.delete(look)
          act()
        }
        const look = (): void => {
          const at = events.findIndex((told, index) => index >= read && (told.event ?? told['message']) === event)
          const found = events[at]
          if (found) settle(() => { read = at + 1; resolve(found) })
        }
        const fail = (why: string): void => settle(() => reject(new Error(`${why} before "${event}": ${JSON.stringify(events.slice(read))}\n${err}`)))
        const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs)
        listeners.add(look)
        void ended.then((code) => fail(`it ended (${code})`))
        look()
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      process.off('exit', kill)
    },
  }
}
