// Tells when an author's files change: once for what an editor or a package manager writes in one go.
import { basename } from 'node:path'
import { watch } from 'chokidar'

/** A save is several events of the file system; a deploy should be one. */
const SETTLE_MS = 40
const IGNORED: ReadonlySet<string> = new Set(['node_modules'])

export interface Watcher extends AsyncDisposable {
  /** Resolves when it would notice a change. */
  ready: Promise<void>
}

/** Whatever begins with a dot, and what is installed, is no part of a function; a lock file tells of an installation. */
export function watchFolder(folder: string, onChange: () => void): Watcher {
  let timer: NodeJS.Timeout | undefined
  const poke = (): void => {
    clearTimeout(timer)
    timer = setTimeout(onChange, SETTLE_MS)
  }
  const isIgnored = (path: string): boolean => IGNORED.has(basename(path)) || basename(path).startsWith('.')
  const watcher = watch(folder, { ignoreInitial: true, ignored: (path) => path !== folder && isIgnored(path) })
  // Its own events come at most every 50 ms for a file: of a file that is emptied and written, the end would be missed.
  watcher.on('raw', (_event, path) => void (isIgnored(path) || poke()))
  watcher.on('all', poke)
  return {
    ready: new Promise((resolve) => watcher.once('ready', resolve)),
    async [Symbol.asyncDispose]() {
      clearTimeout(timer)
      await watcher.close()
    },
  }
}
