// Environments are sealed in the logs, and open to whoever reads the registry on an edge.

import type { Log } from '../log.js'
import { isItem, type AnyRecord, type FunctionConfig } from './record.js'
import type { Sealer } from './sealer.js'

export interface Sealing {
  /** As it goes into a log. */
  sealed(config: FunctionConfig): FunctionConfig
  /** As readers see it. */
  opened(record: AnyRecord): AnyRecord
}

export const createSealing = (sealer: Sealer, log: Log): Sealing => ({
  sealed: (config) =>
    Object.keys(config.environment).length === 0 ? config : { ...config, environment: {}, sealedEnvironment: sealer.seal(JSON.stringify(config.environment)) },
  opened: (record) => {
    if (record.deleted || isItem(record)) return record
    const { sealedEnvironment, ...config } = record.config
    if (sealedEnvironment === undefined) return record
    const text = sealer.open(sealedEnvironment)
    if (text === null) log.error('an environment was encrypted with another cluster key: the function runs without it', { name: record.name })
    return { ...record, config: { ...config, environment: text === null ? {} : (JSON.parse(text) as Record<string, string>) } }
  },
})
