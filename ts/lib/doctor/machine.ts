// This machine as an edge needs it: Node, what is built, the kernel, address space, memory, files, disk.
import { existsSync, readdirSync } from 'node:fs'
import { access, constants, readFile, statfs } from 'node:fs/promises'
import { freemem, release, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../errors.js'
import type { Finding } from './finding.js'

const LEAST_NODE = [20, 19] as const
/** Its pagemap_scan resets a sandbox several times faster than madvise. */
const PAGEMAP_SCAN_KERNEL = [6, 7] as const
/** Each sandbox reserves 4 GiB of addresses; 39 bits hold 128 of them. */
const GOOD_ADDRESS_BITS = 47
const GOOD_FILES = 4_096
const GOOD_FREE_DISK = 2 * 2 ** 30
const LEAST_FREE_DISK = 200 * 2 ** 20
const LEAST_MEMORY = 512 * 2 ** 20

export async function checkMachine(stateDir: string): Promise<Finding[]> {
  return [node(), built(), kernel(), await addressSpace(), await overcommit(), memory(), await files(), await disk(stateDir)]
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])
  return { check: 'Node', level: good ? 'ok' : 'bad', found: process.version, ...(!good && { mend: `install Node ${LEAST_NODE.join('.')} or later: https://nodejs.org` }) }
}

function built(): Finding {
  const bindings = fileURLToPath(new URL('../../../bindings', import.meta.url))
  const module = existsSync(bindings) ? readdirSync(bindings).find((file) => file.endsWith('.node')) : undefined
  return module === undefined
    ? { check: 'native module', level: 'bad', found: 'is not built', mend: 'run "npm install" in the repository: it needs Rust (https://rustup.rs) and a C compiler' }
    : { check: 'native module', level: 'ok', found: module }
}

function kernel(): Finding {
  if (process.platform !== 'linux') return { check: 'kernel', level: 'warn', found: `${process.platform}: sandboxes are reset the slow way`, mend: 'run edges on Linux 6.7 or later where speed counts' }
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number)
  const good = major > PAGEMAP_SCAN_KERNEL[0] || (major === PAGEMAP_SCAN_KERNEL[0] && minor >= PAGEMAP_SCAN_KERNEL[1])
  return good
    ? { check: 'kernel', level: 'ok', found: `Linux ${release()}, with pagemap_scan` }
    : { check: 'kernel', level: 'warn', found: `Linux ${release()} has no pagemap_scan: a sandbox costs several times as much`, mend: 'Linux 6.7 or later has it' }
}

/** Of the addresses that a process of this CPU can have. */
async function addressSpace(): Promise<Finding> {
  const cpu = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const limit = limitOf(await limits(), 'Max address space')
  if (limit !== null && limit !== Infinity) {
    return { check: 'address space', level: 'bad', found: `limited to ${gib(limit)} by ulimit -v: each sandbox reserves 4 GiB of addresses (not of memory)`, mend: 'ulimit -v unlimited; in a systemd unit LimitAS=infinity' }
  }
  const bits = Number(/address sizes\s*:.*?(\d+) bits virtual/.exec(cpu)?.[1] ?? GOOD_ADDRESS_BITS)
  return bits >= GOOD_ADDRESS_BITS
    ? { check: 'address space', level: 'ok', found: `${bits} bits` }
    : { check: 'address space', level: 'warn', found: `${bits} bits: there is room for fewer sandboxes at once`, mend: 'an edge sizes itself; SWARMLAMBDA_SLOTS sets how many' }
}

async function overcommit(): Promise<Finding> {
  const mode = (await readFile('/proc/sys/vm/overcommit_memory', 'utf8').catch(() => '0')).trim()
  return mode === '2'
    ? { check: 'overcommit', level: 'bad', found: 'vm.overcommit_memory is 2: reserving addresses counts as using memory', mend: 'sysctl vm.overcommit_memory=0' }
    : { check: 'overcommit', level: 'ok', found: `vm.overcommit_memory is ${mode}` }
}

function memory(): Finding {
  const found = `${gib(freemem())} of ${gib(totalmem())} free`
  return totalmem() < LEAST_MEMORY ? { check: 'memory', level: 'warn', found, mend: 'lower SWARMLAMBDA_SLOTS, and the memorySize of functions' } : { check: 'memory', level: 'ok', found }
}

async function files(): Promise<Finding> {
  const limit = limitOf(await limits(), 'Max open files')
  if (limit === null) return { check: 'open files', level: 'ok', found: 'no limit known' }
  return limit < GOOD_FILES
    ? { check: 'open files', level: 'warn', found: `at most ${limit}: a connection is a file`, mend: `ulimit -n ${GOOD_FILES * 16}; in a systemd unit LimitNOFILE=${GOOD_FILES * 16}` }
    : { check: 'open files', level: 'ok', found: `at most ${limit}` }
}

async function disk(stateDir: string): Promise<Finding> {
  let folder = resolve(stateDir)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    await access(folder, constants.W_OK)
  } catch {
    return { check: 'disk', level: 'bad', found: `${folder} can't be written to`, mend: 'set SWARMLAMBDA_STATE_DIR to a directory of this user' }
  }
  try {
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const found = `${gib(free)} free for ${resolve(stateDir)}`
    if (free < LEAST_FREE_DISK) return { check: 'disk', level: 'bad', found, mend: 'make room, or set SWARMLAMBDA_STATE_DIR to another disk' }
    return free < GOOD_FREE_DISK ? { check: 'disk', level: 'warn', found, mend: 'every edge keeps the code of every function' } : { check: 'disk', level: 'ok', found }
  } catch (error) {
    return { check: 'disk', level: 'warn', found: messageOf(error) }
  }
}

const limits = (): Promise<string> => readFile('/proc/self/limits', 'utf8').catch(() => '')

/** The soft limit; null: not told. */
function limitOf(text: string, name: string): number | null {
  const [, soft] = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(text) ?? []
  return soft === undefined ? null : soft === 'unlimited' ? Infinity : Number(soft)
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
