// swarmlambda ls, swarmlambda rm <name>
import type { Command } from 'commander'
import { openSession, withEdge } from './edge-options.js'

interface Options {
  endpoint?: string
  token?: string
  json?: boolean
}

interface Listed {
  functions: { name: string; memorySize: number; timeout: number; codeSize: number; lastModified: string; edges: string[] }[]
}

export function addFunctions(program: Command): void {
  withEdge(program.command('ls').description('lists the functions of the mesh')).action(async (options: Options) => {
    const { client, json, say } = await openSession(options)
    const { text } = await client.call('GET', '/functions')
    if (json) return void process.stdout.write(`${text}\n`)
    const { functions } = JSON.parse(text) as Listed
    if (functions.length === 0) return say('no function is deployed yet: swarmlambda deploy')
    const rows = functions.map(({ name, memorySize, timeout, codeSize, lastModified, edges }) =>
      [name, `${memorySize} MB`, `${timeout} s`, `${Math.ceil(codeSize / 1_000)} kB`, lastModified, edges.join(', ')])
    process.stdout.write(table([['NAME', 'MEMORY', 'TIME-OUT', 'CODE', 'MODIFIED', 'EDGES'], ...rows]))
  })
  withEdge(program.command('rm').description('deletes a function from every edge'))
    .argument('<name>', 'of the function')
    .action(async (name: string, options: Options) => {
      const { client, say } = await openSession(options)
      await client.call('DELETE', `/functions/${encodeURIComponent(name)}`)
      say(`deleted ${name}`)
    })
}

function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('')
}
