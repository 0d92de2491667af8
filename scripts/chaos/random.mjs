// Chance that can be had again: the same seed makes the same choices.
import { createHash } from 'node:crypto'

/** Functions of one sequence of numbers that follows from `seed`. */
export function randomFrom(seed) {
  let counter = 0
  const next = () => createHash('sha256').update(`${seed}/${counter++}`).digest().readUInt32BE() / 2 ** 32
  return {
    /** 0 to 1. */
    next,
    between: (low, high) => low + next() * (high - low),
    pick: (list) => list[Math.floor(next() * list.length)],
    shuffled: (list) => list.map((item) => ({ item, at: next() })).sort((a, b) => a.at - b.at).map(({ item }) => item),
  }
}
