// The programs that a local mesh consists of: their output, their readiness, their end.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SwarmError } from '../errors.js'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Time to finish what runs; after that a child is killed. */
const STOP_MS = 10_000
const READY_MS = 60_000
/** Every program says this, followed by its address, once it serves. */
const READY = ' is ready on '
const TAIL_LINES = 5

export interface Started {
  pid: number
  /** What it printed after "is ready on". */
  address: string
}

export interface Program {
  /** Before its lines. */
  name: string
  /** Under {@link ROOT}, such as `bin/edge.js`. */
  script: string
  env: Record<string, string>
  /** What runs the script; Node by default. */
  command?: readonly string[]
}

export interface ChildrenOptions {
  /** Of all children, below their own; a variable of it that is undefined is unset. */
  env: Readonly<Record<string, string | undefined>>
  onLine: (name: string, line: string, stream: 'stdout' | 'stderr') => void
  /** One that was ready ended without being told to; `how` ends the sentence that begins with its name. */
  onExit: (name: string, how: string) => void
}

interface Child {
  name: string
  process: ChildProcess
  ended: Promise<void>
  over: boolean
  /** By us. */
  killed: boolean
}

/** Starts programs one by one; none is left behind when it is disposed of. */
export class Children implements AsyncDisposable {
  #options
  #children: Child[] = []
  #stopping = false

  constructor(options: ChildrenOptions) {
    this.#options = options
  }

  get stopping(): boolean {
    return this.#stopping
  }

  /** Resolves when it says that it is ready; rejects with START_FAILED and its last lines if it ends before. */
  async start({ command = [process.execPath], env, name, script }: Program): Promise<Started> {
    if (this.#stopping) throw new SwarmError('CLOSED', `${name} is not started: everything is being stopped`)
    const [program = process.execPath, ...args] = [...command, script]
    // In a process group of its own: Ctrl-C reaches this process alone, which then stops the children in order.
    const started = spawn(program, args, { cwd: ROOT, env: { ...this.#options.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const closed = once(started, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    const child: Child = { name, process: started, ended: closed.then(() => {}), over: false, killed: false }
    this.#children.push(child)

    let ready = false
    const tail: string[] = []
    const isReady = new Promise<string>((resolve) => {
      for (const stream of ['stdout', 'stderr'] as const) {
        createInterface({ input: started[stream] }).on('line', (line) => {
          tail.push(line)
          if (tail.length > TAIL_LINES) tail.shift()
          this.#options.onLine(name, line, stream)
          const at = line.indexOf(READY)
          if (at < 0) return
          ready = true
          resolve(line.slice(at + READY.length).trim())
        })
      }
    })
    const died = closed.then(([code, signal]) => {
      child.over = true
      const how = signal === null ? `ended with exit code ${code ?? '?'}` : `was ended by ${signal}`
      if (ready && !this.#stopping && !child.killed) this.#options.onExit(name, how)
      throw new SwarmError('START_FAILED', `${name} ${how}${tail.length > 0 ? `:\n  ${tail.join('\n  ')}` : ''}`)
    })
    died.catch(() => {})
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new SwarmError('START_FAILED', `${name} was not ready within ${READY_MS / 1_000} s`)), READY_MS)
    })
    try {
      return { pid: started.pid ?? 0, address: await Promise.race([isReady, died, late]) }
    } finally {
      clearTimeout(timer)
    }
  }

  /** As kill -9 does; nobody is told. False: it does not run. */
  async kill(name: string): Promise<boolean> {
    const child = this.#children.find((one) => one.name === name && !one.over)
    if (!child) return false
    child.killed = true
    child.process.kill('SIGKILL')
    await child.ended
    return true
  }

  /** Asks all to end, and waits; one that doesn't is killed. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(
      this.#children.toReversed().map(async (child) => {
        if (child.over || child.process.pid === undefined) return
        child.process.kill('SIGTERM')
        const killer = setTimeout(() => {
          this.#options.onLine(child.name, `did not stop within ${STOP_MS / 1_000} s: killed`, 'stderr')
          child.process.kill('SIGKILL')
        }, STOP_MS)
        await child.ended
        clearTimeout(killer)
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
