#!/usr/bin/env node
// Launcher of ts/bin/dns.ts.

try {
  await import('../dist/host/dns.js')
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
  console.error('SwarmLambda is not built yet. Run: npm install')
  process.exitCode = 1
}
