// swarmlambda keys create, keys ls, keys rm <id>: access keys; keys rotate, keys retire, keys revoke <edge>: the cluster's.
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

/** Which edges know of a change of the cluster key. */
interface Told {
  keyIds: string[]
  confirmed: string[]
  missing: string[]
}

const BY_HAND = 'an edge that was away needs the new key by hand: copy the file cluster.key to it'

export function add(program: Command): void {
  const keys = program.command('keys').description('access keys, with which the AWS CLI and SDKs sign; and the key of the cluster')
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
  withEdge(keys.command('rotate').description('makes a new cluster key on every connected edge; the old one is accepted until "keys retire"')).action(async (options: EdgeOptions) => {
    const { client, say, show } = await openSession(options)
    const told = await client.json<Told>('POST', '/cluster/keys/rotate', {})
    report(told, say)
    say('edges that were away get it when they come back, as long as the old one is accepted; then: swarmlambda keys retire')
    if (options.json) show(told, () => '')
  })
  withEdge(keys.command('retire').description('accepts the current cluster key only, on every connected edge')).action(async (options: EdgeOptions) => {
    const { client, say, show } = await openSession(options)
    const told = await client.json<Told>('POST', '/cluster/keys/retire', {})
    report(told, say)
    say(BY_HAND)
    if (options.json) show(told, () => '')
  })
  withEdge(keys.command('revoke').description('puts an edge out of the cluster for good, and rotates and retires the cluster key'))
    .argument('<edge>', 'its name when it is connected, else its public key (id in GET /cluster)')
    .action(async (edge: string, options: EdgeOptions) => {
      const { client, say, show } = await openSession(options)
      const told = await client.json<Told & { revoked: { id: string; name: string } }>('POST', '/cluster/revocations', { edge })
      say(`${told.revoked.name} (${told.revoked.id}) is no edge of this cluster any more; what it published before stays`)
      report(told, say)
      say(BY_HAND)
      if (options.json) show(told, () => '')
    })
}

function report({ confirmed, keyIds: [current = ''], missing }: Told, say: (line: string) => void): void {
  say(`the cluster key is ${current} now, here and on ${confirmed.length === 0 ? 'no other edge' : confirmed.join(', ')}`)
  if (missing.length > 0) say(`not confirmed by ${missing.join(', ')}`)
}
