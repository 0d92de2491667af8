// Child processes: output passed on or collected, a deadline, and never one left behind.
import { spawn } from 'node:child_process'
import { ROOT } from './paths.mjs'

/** How long a child that was asked to end may take before it is killed. */
const KILL_AFTER_MS = 5_000

/**
 * Runs `command` from the root; resolves with `{ code, signal, output, timedOut }` and rejects only when it can't start.
 * - `onLine(line)`: called for each line of stdout and stderr, in place of passing them on.
 * - `collect: true`: keeps both in `output`, prints nothing.
 * - `timeoutMs`: then the child is ended. With a deadline the child is a process group of its own, and whatever of it is
 *   left when the child ends is killed.
 */
export const run = (command, args, { onLine, collect = false, timeoutMs, env, cwd = ROOT } = {}) =>
  new Promise((resolve, reject) => {
    const piped = collect || onLine !== undefined
    const child = spawn(command, args, {
      cwd,
      env: env === undefined ? process.env : { ...process.env, ...env },
      stdio: piped ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      // A group of its own, so that a deadline also reaches the grandchildren (cargo's rustc, a test's edges).
      detached: timeoutMs !== undefined,
    })
    const kill = (signal) => {
      try {
        process.kill(timeoutMs === undefined ? child.pid : -child.pid, signal)
      } catch {
        // It ended by itself.
      }
    }
    let timedOut = false
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true
            kill('SIGTERM')
            setTimeout(() => kill('SIGKILL'), KILL_AFTER_MS).unref()
          }, timeoutMs)
    const forward = (signal) => kill(signal)
    if (timeoutMs !== undefined) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, forward)

    let output = ''
    for (const stream of piped ? [child.stdout, child.stderr] : []) {
      stream.setEncoding('utf8')
      let rest = ''
      stream.on('data', (text) => {
        if (collect) output += text
        if (onLine === undefined) return
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) onLine(line)
      })
      stream.on('end', () => {
        if (onLine !== undefined && rest !== '') onLine(rest)
      })
    }
    const done = () => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(signal, forward)
    }
    child.once('error', (error) => {
      done()
      reject(error)
    })
    // What it left running would hold its ports and our pipes; a group that is gone is no error.
    child.once('exit', () => {
      if (timeoutMs !== undefined) kill('SIGKILL')
    })
    child.once('close', (code, signal) => {
      done()
      resolve({ code, signal, output, timedOut })
    })
  })

/** The output of a short command, or null when there is no such program or it fails. */
export const outputOf = async (command, args) => {
  try {
    const { code, output } = await run(command, args, { collect: true })
    return code === 0 ? output.trim() : null
  } catch {
    return null
  }
}
