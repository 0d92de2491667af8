// swarmlambda ls, swarmlambda rm <name>
import type { Command } from 'commander'
import { openSession, withEdge, type EdgeOptions } from './edge-options.js'
import { ago, kilobytes, table } from './output.js'

interface Listed {
  functions: { name: string; memorySize: number; timeout: number; codeSize: number; lastModified: string; edges: string[] }[]
}

export function add(program: Command): void {
  withEdge(program.command('ls').description('lists the functions of the mesh')).action(async (options: EdgeOptions) => {
    const { client, say, show } = await openSession(options)
    const listed = await client.json<Listed>('GET', '/functions')
    if (listed.functions.length === 0) say('no function is deployed yet: swarmlambda deploy')
    show(listed, () => (listed.functions.length === 0 ? '' : rowsOf(listed)))
  })
  withEdge(program.command('rm').description('deletes a function, its versions and aliases from every edge'))
    .argument('<name>', 'of the function')
    .action(async (name: string, options: EdgeOptions) => {
      const { client, json, say, show } = await openSession(options)
      await client.call('DELETE', `/functions/${encodeURIComponent(name)}`)
      say(`deleted ${name}`)
      if (json) show({ deleted: name }, () => '')
    })
}

const rowsOf = ({ functions }: Listed): string =>
  table([
    ['NAME', 'MEMORY', 'TIME-OUT', 'CODE', 'MODIFIED', 'EDGES'],
    ...functions.map(({ codeSize, edges, lastModified, memorySize, name, timeout }) => [name, `${memorySize} MB`, `${timeout} s`, kilobytes(codeSize), ago(lastModified), edges.join(', ')]),
  ])
