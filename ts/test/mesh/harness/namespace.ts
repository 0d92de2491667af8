// A network of a test's own: private network and mount namespaces, gone with the process that holds them.
import { spawnSync } from 'node:child_process'

/** How to enter new namespaces here: as root, or with a user namespace; null: this machine lets us do neither. */
export function unshareCommand(): readonly string[] | null {
  const ways = [
    ['unshare', '--net', '--mount', '--fork', '--kill-child'],
    ['unshare', '--user', '--map-root-user', '--net', '--mount', '--fork', '--kill-child'],
  ]
  return ways.find(([command = '', ...args]) => spawnSync(command, [...args, 'ip', 'link', 'set', 'lo', 'up']).status === 0) ?? null
}

/** The reason to skip, for node:test; false: don't. */
export const cannotUnshare = (): string | false => (unshareCommand() ? false : 'needs root or user namespaces, and ip')
