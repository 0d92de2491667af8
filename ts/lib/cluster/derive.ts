// What is derived from a cluster key: one key for each use, so that what is shown for one says nothing about another.

import { hkdfSync } from 'node:crypto'

export const KEY_BYTES = 32

export interface ClusterKeys {
  /** Hyperswarm's topic, and the tag in mDNS names. Not secret: strangers see it. */
  topic: Buffer
  /** MACs beacons. */
  beacon: Buffer
  /** MACs the proof that opens a connection. */
  mac: Buffer
  /** Makes tokens for control calls. */
  control: Buffer
  /** Encrypts secrets in the registry. */
  secrets: Buffer
}

/** HKDF-SHA256, RFC 5869. */
const derive = (clusterKey: Buffer, use: string): Buffer => Buffer.from(hkdfSync('sha256', clusterKey, 'swarmlambda/v1', use, KEY_BYTES))

/** Derives the keys of a cluster. */
export const deriveKeys = (clusterKey: Buffer): ClusterKeys => ({
  topic: derive(clusterKey, 'topic'),
  beacon: derive(clusterKey, 'beacon'),
  mac: derive(clusterKey, 'mac'),
  control: derive(clusterKey, 'control'),
  secrets: derive(clusterKey, 'secrets'),
})

/** Names a key without giving it away: 16 hex digits. */
export const keyIdOf = (clusterKey: Buffer): string => derive(clusterKey, 'id').toString('hex', 0, 8)
