// Medians, spreads, and what the operating system knows about a process.
import { readdir, readFile } from 'node:fs/promises'

/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const TICK_US = 10_000

const statOf = async (pid) => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** A process and all that it started. */
const treeOf = async (pid) => {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = new Map(await Promise.all(all.map(async (one) => [one, Number((await statOf(one))?.[1] ?? 0)])))
  const tree = [pid]
  for (const one of tree) for (const [child, parent] of parents) if (parent === one) tree.push(child)
  return tree
}

/** The process that serves, where the one we started only launches it. */
export const lastOf = async (pid) => (await treeOf(pid)).at(-1)

/** CPU time a process and its children have used, all threads, user and system: microseconds. */
export const cpuMicroseconds = async (pid) => {
  const stats = await Promise.all((await treeOf(pid)).map(statOf))
  return stats.reduce((sum, fields) => sum + (fields ? (Number(fields[11]) + Number(fields[12])) * TICK_US : 0), 0)
}

/** Resident memory of a process and its children, MB. */
export const residentMb = async (pid) => {
  const pages = await Promise.all((await treeOf(pid)).map((one) => readFile(`/proc/${one}/status`, 'utf8').catch(() => '')))
  return pages.reduce((sum, status) => sum + Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024, 0)
}

export const quantile = (values, share) => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

/** `median (least–most)`. */
export const spread = (values, digits = 1) => {
  const show = (value) => value.toFixed(digits)
  return `${show(quantile(values, 0.5))} (${show(Math.min(...values))}–${show(Math.max(...values))})`
}
