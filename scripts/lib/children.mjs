// The programs that `npm start` and the benchmark bring up: their output with a prefix, their readiness, their end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ROOT } from './paths.mjs'
import { cyan, dim, red, Stop } from './terminal.mjs'

/** Time to finish what runs; after that a child is killed. */
const STOP_MS = 10_000
const READY_MS = 60_000
/** Every program says this, followed by its address, once it serves. */
const READY = ' is ready on '

/** Starts node programs one by one; `onExit(name, how, restart)` is called when one ends that wasn't asked to. */
export class Children {
  #children = []
  #stopping = false
  #onExit
  #print

  constructor({ onExit, print = (line) => process.stdout.write(`${line}\n`) }) {
    this.#onExit = onExit
    this.#print = print
  }

  /** Runs `node <script>` with `env` added to ours; resolves with its pid and the address it prints when it is ready, rejects if it ends before. */
  async start(name, script, env, { command = [process.execPath] } = {}) {
    const [program, ...args] = [...command, script]
    // In a process group of its own: Ctrl-C reaches this process alone, which then stops the children in order.
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const entry = { name, child, ended: once(child, 'close') }
    this.#children.push(entry)

    let ready = false
    const tail = []
    const isReady = new Promise((resolve) => {
      const show = (paint) => (line) => {
        tail.push(line)
        if (tail.length > 5) tail.shift()
        this.#print(`${cyan(name.padEnd(8))} ${paint(line)}`)
        const at = line.indexOf(READY)
        if (at < 0) return
        ready = true
        resolve(line.slice(at + READY.length).trim())
      }
      createInterface({ input: child.stdout }).on('line', show((line) => line))
      createInterface({ input: child.stderr }).on('line', show(dim))
    })
    const died = entry.ended.then(([code, signal]) => {
      entry.over = true
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      if (this.#stopping) return
      if (ready) this.#onExit(name, how, () => this.start(name, script, env, { command: [program, ...args.slice(0, -1)] }))
      throw new Stop(`${name} ${how}${tail.length > 0 ? `:\n  ${tail.join('\n  ')}` : ''}`)
    })
    died.catch(() => {})
    let timer
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Stop(`${name} was not ready within ${READY_MS / 1000} s`)), READY_MS)
    })
    try {
      return { pid: child.pid, address: await Promise.race([isReady, died, late]) }
    } finally {
      clearTimeout(timer)
    }
  }

  get stopping() {
    return this.#stopping
  }

  /** Asks all to end, the last started first, and waits; one that doesn't is killed. */
  async stop() {
    this.#stopping = true
    await Promise.all(
      this.#children.toReversed().map(async ({ name, child, ended, over }) => {
        if (over || child.pid === undefined) return
        child.kill('SIGTERM')
        const killer = setTimeout(() => {
          this.#print(`${cyan(name.padEnd(8))} ${red(`did not stop within ${STOP_MS / 1000} s: killed`)}`)
          child.kill('SIGKILL')
        }, STOP_MS)
        await ended
        clearTimeout(killer)
      }),
    )
  }
}
