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
