// Edges that can meet on the topic of a loopback DHT only, in one process. Exits 0 when all of them have. Not a test.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import createTestnet from 'hyperdht/testnet.js'

import { meshed, openTestEdge, temporaryDirectory } from './harness.js'

const testnet = await createTestnet(3)
const directory = await temporaryDirectory()
const clusterKey = randomBytes(32)
const start = (name: string) =>
  openTestEdge({ clusterKey, name, stateDir: join(directory.path, name), bootstrap: testnet.bootstrap })

const [a, b] = await Promise.all([start('a'), start('b')])
await meshed([a, b], 20_000)
const later = [await start('c'), await start('d')]
await meshed([a, b, ...later], 30_000)
const closing = performance.now()
await Promise.all([a, b, ...later].map((edge) => edge[Symbol.asyncDispose]()))
const closedAfter = performance.now() - closing
await testnet.destroy()
await directory[Symbol.asyncDispose]()
if (closedAfter > 1_500) throw new Error(`closed after ${closedAfter.toFixed(0)} ms`)
