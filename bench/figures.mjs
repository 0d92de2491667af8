// Medians, spreads, and what the operating system knows about a process.
import { readFile } from 'node:fs/promises'

/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const TICK_US = 10_000

/** CPU time a process has used, all threads, user and system: microseconds. */
export const cpuMicroseconds = async (pid) => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Resident memory, MB. */
export const residentMb = async (pid) => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
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
