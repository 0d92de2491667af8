// swarmlambda keys create, keys ls, keys rm <id>
import type { Command } from 'commander'
import { openSession, withEdge } from './edge-options.js'

interface Options {
  endpoint?: string
  token?: string
  json?: boolean
  role?: string
  functions?: string
}

interface Key {
  accessKeyId: string
  secretAccessKey: string
  role: string
  functions: string[]
  createdAt: string
}

const JSON_TYPE = { 'content-type': 'application/json' }

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('access keys, with which the AWS CLI and SDKs sign')
  withEdge(keys.command('create').description('makes an access key; its secret is shown this once'))
    .option('--role <role>', 'admin, deployer or invoker', 'deployer')
    .option('--functions <patterns>', "the functions it is for, such as 'team-*,hello'", '*')
    .action(async ({ functions = '*', role = 'deployer', ...options }: Options) => {
      const { client, json, say } = await openSession(options)
      const { text } = await client.call('POST', '/access-keys', JSON.stringify({ role, functions: functions.split(',') }), JSON_TYPE)
      if (json) return void process.stdout.write(`${text}\n`)
      const { accessKeyId, secretAccessKey } = JSON.parse(text) as Key
      say(`a key of the role ${role} for ${functions}; the secret is not shown again`)
      process.stdout.write(`export AWS_ACCESS_KEY_ID=${accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`)
    })
  withEdge(keys.command('ls').description('lists access keys, without their secrets')).action(async (options: Options) => {
    const { client, json } = await openSession(options)
    const { text } = await client.call('GET', '/access-keys')
    if (json) return void process.stdout.write(`${text}\n`)
    const { accessKeys } = JSON.parse(text) as { accessKeys: Key[] }
    for (const { accessKeyId, createdAt, functions, role } of accessKeys) process.stdout.write(`${accessKeyId}  ${role}  ${functions.join(',')}  ${createdAt}\n`)
  })
  withEdge(keys.command('rm').description('takes an access key away from every edge'))
    .argument('<id>', 'of the key')
    .action(async (id: string, options: Options) => {
      const { client, say } = await openSession(options)
      await client.call('DELETE', `/access-keys/${encodeURIComponent(id)}`)
      say(`deleted ${id}`)
    })
}
