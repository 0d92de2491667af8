#!/usr/bin/env node
// Launcher of ts/bin/edge.ts, which needs the native module besides.

import { readdirSync } from 'node:fs'

const isBuilt = readdirSync(new URL('../bindings/', import.meta.url)).some(file => file.endsWith('.node'))

try {
  if (!isBuilt) throw Object.assign(new Error('no native module'), { code: 'ERR_MODULE_NOT_FOUND' })
  await import('../dist/host/edge.js')
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
  console.error('SwarmLambda is not built yet. Run: npm install')
  process.exitCode = 1
}
