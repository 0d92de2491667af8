// Where a network address is: from a database in MaxMind's format that the operator supplies (GeoLite2-City, DB-IP City, …).
import { readFile } from 'node:fs/promises'
import { Reader, type CityResponse } from 'mmdb-lib'
import { messageOf, SwarmError } from '../errors.js'

export interface Place {
  /** Degrees. */
  latitude: number
  longitude: number
  /** Bits of the address for which this is so. */
  prefix: number
}

export interface Places {
  /** Null: the database does not know. */
  find(address: string): Place | null
  /** Its type and when it was made, for people. */
  readonly about: string
}

/** Answers are asked for again and again by the same resolvers. */
const MAX_KEPT = 10_000

/** Throws CONFIG_INVALID for what is no such database, or one without coordinates. */
export const openPlaces = async (file: string): Promise<Places> => {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new SwarmError('CONFIG_INVALID', `${file} ${reason}; allowed: a database of cities in MaxMind's format (.mmdb)`, { cause })
  }
  const bytes = await readFile(file).catch((cause: unknown) => refuse(`cannot be read: ${messageOf(cause)}`, cause))
  const reader = ((): Reader<CityResponse> => {
    try {
      return new Reader<CityResponse>(bytes)
    } catch (cause) {
      return refuse(`is no such database: ${messageOf(cause)}`, cause)
    }
  })()
  const { buildEpoch, databaseType } = reader.metadata
  if (!/city|location|insights|enterprise/i.test(databaseType)) refuse(`is a database of ${databaseType}, which has no coordinates`)
  const kept = new Map<string, Place | null>()

  const look = (address: string): Place | null => {
    try {
      const [record, prefix] = reader.getWithPrefixLength(address)
      const { latitude, longitude } = record?.location ?? {}
      return latitude === undefined || longitude === undefined ? null : { latitude, longitude, prefix }
    } catch {
      // A damaged branch of the tree is a place that isn't known.
      return null
    }
  }
  return {
    about: `${databaseType} of ${buildEpoch.toISOString().slice(0, 10)}`,
    find(address) {
      const known = kept.get(address)
      if (known !== undefined) return known
      const found = look(address)
      if (kept.size >= MAX_KEPT) kept.clear()
      kept.set(address, found)
      return found
    },
  }
}
