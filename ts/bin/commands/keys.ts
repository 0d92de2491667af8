// swarmlambda keys create, keys ls, keys rm <id>
import type { Command } from 'commander'
import { openSession, withEdge, type EdgeOptions } from './edge-options.js'
import { ago, table } from './output.js'

interface Key {
  accessKeyId: string
  secretAccessKey: string
  role: string
  functions: string[]
  createdAt: string
}

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('access keys, with which the AWS CLI and SDKs sign')
  withEdge(keys.command('create').description('makes an access key; its secret is shown this once'))
    .option('--role <role>', 'admin, deployer or invoker', 'deployer')
    .option('--functions <patterns>', "the functions it is for, such as 'team-*,hello'", '*')
    .action(async ({ functions, role, ...options }: EdgeOptions & { role: string; functions: string }) => {
      const { client, say, show } = await openSession(options)
      const key = await client.json<Key>('POST', '/access-keys', { role, functions: functions.split(',') })
      say(`a key of the role ${role} for ${functions}; the secret is not shown again`)
      show(key, () => `export AWS_ACCESS_KEY_ID=${key.accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${key.secretAccessKey}\n`)
    })
  withEdge(keys.command('ls').description('lists access keys, without their secrets')).action(async (options: EdgeOptions) => {
    const { client, say, show } = await openSession(options)
    const listed = await client.json<{ accessKeys: Key[] }>('GET', '/access-keys')
    const rows = listed.accessKeys.map(({ accessKeyId, createdAt, functions, role }) => [accessKeyId, role, functions.join(','), ago(createdAt)])
    if (rows.length === 0) say('no access key yet: swarmlambda keys create')
    show(listed, () => (rows.length === 0 ? '' : table([['KEY', 'ROLE', 'FUNCTIONS', 'CREATED'], ...rows])))
  })
  withEdge(keys.command('rm').description('takes an access key away from every edge'))
    .argument('<id>', 'of the key')
    .action(async (id: string, options: EdgeOptions) => {
      const { client, say, show } = await openSession(options)
      await client.call('DELETE', `/access-keys/${encodeURIComponent(id)}`)
      say(`deleted ${id}`)
      if (options.json) show({ deleted: id }, () => '')
    })
}
