// What the machine has, as far as it decides what an edge may take.
import { totalmem } from 'node:os'

const MB = 1 << 20
/** All that WebAssembly's memories can have. */
const MOST_MB = 4_096
const LEAST_MB = 64

/** Bytes of memory: the machine's, or fewer where a cgroup limits them. */
export const memoryBytes = (): number => {
  // Without a limit it is 0, or a number beyond all memories.
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

/** MB that one function may ask for when nothing is configured: half of the memory, so that a single one can't take it all. */
export const functionMemoryMb = (bytes: number): number => Math.max(LEAST_MB, Math.min(MOST_MB, Math.floor(bytes / 2 / MB)))

/** MB of memory that the loaded functions may take together before further ones are in files: a quarter of it. */
export const imageMemoryMb = (bytes: number): number => Math.floor(bytes / 4 / MB)
