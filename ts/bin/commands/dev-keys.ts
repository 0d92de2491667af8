// The keys of swarmlambda dev, one letter each; on a terminal without Enter, otherwise from whatever stdin is.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '../../lib/client.js'
import type { LocalMesh } from '../../lib/dev/local-mesh.js'
import { messageOf } from '../../lib/errors.js'
import { lambdaPath } from './edge-options.js'
import type { DevOutput } from './dev.js'
import { receiptOf, words } from './invoke.js'

export interface DevKeysOptions {
  mesh: LocalMesh
  client: Client
  folder: string
  output: DevOutput
  /** Of the folder. */
  functions: () => readonly string[]
  quit: () => void
  /** An edge is back. */
  revived: () => Promise<void>
}

const CTRL_C = '\u0003'
const EVENT_FILE = 'event.json'

export function openDevKeys({ client, folder, functions, mesh, output: { paint, tell }, quit, revived }: DevKeysOptions): AsyncDisposable {
  const keys: Record<string, () => Promise<void> | void> = {
    q: quit,
    [CTRL_C]: quit,
    o() {
      const url = `${mesh.url}/`
      tell('open', { url }, `${paint.bold('ClusterFlow')}  ${url}`)
      openBrowser(url)
    },
    // The first that is up: the one nearest to the proxy, so that what happens next can be seen.
    async k() {
      const victim = mesh.edges.find(({ isUp }) => isUp)
      if (!victim || mesh.edges.filter(({ isUp }) => isUp).length < 2) return tell('refused', { key: 'k' }, 'the last edge stays: r revives the others')
      await mesh.kill(victim.name)
      tell('killed', { edge: victim.name }, `${paint.red('✗')} ${victim.name} is killed: the others go on, r revives it`)
    },
    async r() {
      const gone = mesh.edges.filter(({ isUp }) => !isUp)
      if (gone.length === 0) return tell('refused', { key: 'r' }, 'every edge is up')
      await Promise.all(gone.map(({ name }) => mesh.revive(name)))
      await revived()
      for (const { name } of gone) tell('revived', { edge: name }, `${paint.green('✓')} ${name} is back`)
    },
    async t() {
      const [name] = functions()
      if (name === undefined) return tell('refused', { key: 't' }, 'no function is deployed')
      const event = await readFile(join(folder, EVENT_FILE), 'utf8').catch(() => '{}')
      const receipt = receiptOf(await client.call('POST', lambdaPath(name, 'invocations'), { body: event, headers: { 'content-type': 'application/json' } }))
      tell('invoked', { function: name, ...receipt }, `${paint.bold(name)} ${JSON.stringify(receipt.answer)}\n${paint.dim(words(receipt))}`)
    },
  }

  const { stdin } = process
  let last = Promise.resolve()
  const onData = (chunk: Buffer): void => {
    for (const letter of chunk.toString()) {
      const act = Object.hasOwn(keys, letter) ? keys[letter] : undefined
      if (act === quit) quit()
      else if (act) last = last.then(act).catch((error: unknown) => tell('error', { message: messageOf(error) }, paint.red(messageOf(error))))
    }
  }
  if (stdin.isTTY) stdin.setRawMode(true)
  stdin.on('data', onData).on('error', () => {})
  return {
    async [Symbol.asyncDispose]() {
      stdin.off('data', onData)
      if (stdin.isTTY) stdin.setRawMode(false)
      stdin.pause()
      await last
    },
  }
}

/** The URL is printed already: a machine without a browser has nothing to complain of. */
function openBrowser(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) return
  const [command, ...args] = process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open']
  spawn(command, [...args, url], { stdio: 'ignore', detached: true }).on('error', () => {}).unref()
}
