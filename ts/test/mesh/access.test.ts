// Who may do what, on real edges that ask for credentials: tokens with roles, access keys, signatures by AWS's own signer.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { mintToken } from '../../lib/api/token.js'
import { deriveKeys } from '../../lib/cluster.js'
import { BUILT, installPackages } from '../corpus/packages.js'
import { startMesh, type EdgeName, type MeshOfEdges } from './harness/edges.js'
import { call, type Answer } from './harness/http.js'

interface Signable {
  method: string
  protocol: string
  hostname: string
  port: number
  path: string
  query: Record<string, string>
  headers: Record<string, string>
  body?: string
}
interface Signer {
  sign(request: Signable, options?: { signingDate?: Date }): Promise<Signable>
  presign(request: Signable, options: { expiresIn: number; signingDate?: Date }): Promise<Signable>
}
interface Key {
  accessKeyId: string
  secretAccessKey: string
}

let mesh: MeshOfEdges
let admin = ''
let control: Buffer
let newSigner: (key: Key, service?: string) => Signer

class Sha256 {
  #hash
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }
}

before(async () => {
  await installPackages()
  const { SignatureV4 } = createRequire(join(BUILT, 'package.json'))('@smithy/signature-v4') as { SignatureV4: new (options: unknown) => Signer }
  newSigner = (credentials, service = 'lambda') => new SignatureV4({ credentials, region: 'eu-central-1', service, sha256: Sha256 })
  mesh = await startMesh({ SWARMLAMBDA_CONTROL: 'token' })
  ;({ control } = deriveKeys(Buffer.from((await readFile(join(mesh.folder, 'cluster.key'), 'utf8')).trim(), 'hex')))
  const bearer = (role: 'admin' | 'deployer' | 'invoker', functions: string[]): string => `Bearer ${mintToken(control, Date.now() + 60_000, { role, functions })}`
  admin = bearer('admin', ['*'])
  deployer = bearer('deployer', ['team-*'])
  invoker = bearer('invoker', ['team-*'])
})
after(async () => await mesh[Symbol.asyncDispose]())
let deployer = ''
let invoker = ''

const as = (authorization: string, method: string, path: string, body: unknown = null, edge: EdgeName = 'edge-a'): Promise<Answer> => call(method, mesh.url(edge) + path, body, { authorization })
const hello = (name: string): unknown => ({ name, files: { 'index.js': 'exports.handler = async () => process.env.SECRET ?? 1' }, environment: { SECRET: 'do-not-tell' } })

function requestOf(method: string, path: string, edge: EdgeName, body?: string): Signable {
  const { hostname, port, searchParams, pathname } = new URL(mesh.url(edge) + path)
  const headers = { host: `${hostname}:${port}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  return { method, protocol: 'http:', hostname, port: Number(port), path: pathname, query: Object.fromEntries(searchParams), headers, ...(body === undefined ? {} : { body }) }
}
const send = ({ body, headers, hostname, method, path, port, query }: Signable): Promise<Answer> => {
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20')
  return call(method, `http://${hostname}:${port}${path}${search === '' ? '' : `?${search}`}`, body ?? null, headers)
}
const signed = async (key: Key, method: string, path: string, edge: EdgeName = 'edge-a', body?: string, signingDate = new Date()): Promise<Answer> =>
  await send(await newSigner(key).sign(requestOf(method, path, edge, body), { signingDate }))

async function until(look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) if (await look()) return
  throw new Error('it did not come')
}

describe('roles of tokens', () => {
  test('a deployer changes and sees what its patterns name, and administers nothing', async () => {
    assert.equal((await as(admin, 'POST', '/functions', hello('other'))).status, 201)
    assert.equal((await as(deployer, 'POST', '/functions', hello('team-a'))).status, 201)
    const refused = await as(deployer, 'POST', '/functions', hello('other'))
    assert.deepEqual([refused.status, refused.headers['x-amzn-errortype']], [403, 'AccessDeniedException'])
    assert.match(refused.text, /deployer.*team-\*.*POST.*other/)
    for (const [method, path] of [['DELETE', '/functions/other'], ['GET', '/functions/other'], ['GET', '/2015-03-31/functions/function:other'], ['POST', '/access-keys'], ['PUT', '/routes']] as const) {
      assert.equal((await as(deployer, method, path, method === 'POST' || method === 'PUT' ? {} : null)).status, 403, path)
    }
    const { functions } = (await as(deployer, 'GET', '/functions')).json as { functions: { name: string }[] }
    assert.deepEqual(functions.map(({ name }) => name), ['team-a'])
    assert.doesNotMatch((await as(deployer, 'GET', '/2015-03-31/functions')).text, /other/)
  })
  test('a deployer schedules its own functions only', async () => {
    const every = (name: string): unknown => ({ function: name, expression: 'rate(1 day)' })
    assert.equal((await as(deployer, 'PUT', '/schedules/own', every('team-a'))).status, 201)
    assert.equal((await as(admin, 'PUT', '/schedules/foreign', every('other'))).status, 201)
    for (const [method, body] of [['PUT', every('team-a')], ['GET', null], ['DELETE', null]] as const) assert.equal((await as(deployer, method, '/schedules/foreign', body)).status, 403, method)
    assert.equal((await as(deployer, 'PUT', '/schedules/own', every('other'))).status, 403)
    const { schedules } = (await as(deployer, 'GET', '/schedules')).json as { schedules: { name: string }[] }
    assert.deepEqual(schedules.map(({ name }) => name), ['own'])
    assert.equal((await as(invoker, 'PUT', '/schedules/own', every('team-a'))).status, 403)
  })
  test('a token that is expired, forged or of another cluster is none', async () => {
    const claims = { role: 'admin' as const, functions: ['*'] }
    const [head = '', , mac = ''] = admin.replace('Bearer ', '').split('.')
    const other = Buffer.from(JSON.stringify({ expires: Date.now() + 60_000, ...claims })).toString('base64url')
    for (const token of [mintToken(control, Date.now() - 1, claims), mintToken(Buffer.alloc(32), Date.now() + 60_000, claims), [head, other, mac].join('.'), 'swl2.x.y', '']) {
      assert.equal((await as(`Bearer ${token}`, 'GET', '/functions')).status, 403, token)
    }
  })
  test('the link to a function’s code carries its own credentials, for that code only', async () => {
    const answer = await as(admin, 'GET', '/2015-03-31/functions/team-a')
    const { Code: { Location } } = answer.json as { Code: { Location: string } }
    assert.equal((await call('GET', Location)).status, 200)
    assert.equal((await call('GET', Location.replace('edge-a', 'edge-b').replace(mesh.url('edge-a'), mesh.url('edge-b')))).status, 200)
    assert.equal((await call('GET', Location.replace('team-a', 'other'))).status, 403)
    assert.equal((await call('GET', Location.replace(/Expires=\d/, 'Expires=9'))).status, 403)
    assert.equal((await call('GET', Location.replace('/code?', '/configuration?'))).status, 403)
    assert.equal((await call('DELETE', Location.replace('/code?', '?'))).status, 403)
  })
  test('an invoker reads nothing', async () => {
    assert.equal((await as(invoker, 'GET', '/functions')).status, 403)
    assert.equal((await as(invoker, 'GET', '/functions/team-a')).status, 403)
  })
})

describe('signatures', () => {
  test('of an access key are good on every edge, within its role, until it is deleted', async () => {
    const created = await as(admin, 'POST', '/access-keys', { role: 'deployer', functions: ['team-*'] })
    assert.equal(created.status, 201, created.text)
    const key = created.json as Key
    assert.doesNotMatch((await as(admin, 'GET', '/access-keys')).text, new RegExp(key.secretAccessKey.replace(/[+/]/g, '.')))
    await until(async () => (await as(admin, 'GET', '/access-keys', null, 'edge-b')).text.includes(key.accessKeyId))

    const list = await signed(key, 'GET', '/2015-03-31/functions?MaxItems=10', 'edge-b')
    assert.equal(list.status, 200, list.text)
    assert.equal((await signed(key, 'GET', '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A000000000000%3Afunction%3Ateam-a')).status, 200)
    assert.equal((await signed(key, 'POST', '/functions', 'edge-a', JSON.stringify(hello('team-b')))).status, 201)
    assert.equal((await signed(key, 'POST', '/functions', 'edge-a', JSON.stringify(hello('other')))).headers['x-amzn-errortype'], 'AccessDeniedException')

    const presigned = await newSigner(key).presign(requestOf('GET', '/2015-03-31/functions/team-a', 'edge-a'), { expiresIn: 60 })
    assert.equal((await send(presigned)).status, 200)
    const old = await newSigner(key).presign(requestOf('GET', '/2015-03-31/functions/team-a', 'edge-a'), { expiresIn: 60, signingDate: new Date(Date.now() - 120_000) })
    assert.match((await send(old)).text, /Signature expired/)

    const type = async (answer: Promise<Answer>): Promise<unknown> => [(await answer).status, (await answer).headers['x-amzn-errortype']]
    assert.deepEqual(await type(signed({ ...key, secretAccessKey: 'wrong' }, 'GET', '/functions')), [403, 'InvalidSignatureException'])
    assert.deepEqual(await type(signed({ ...key, accessKeyId: 'AKIANOBODY' }, 'GET', '/functions')), [403, 'UnrecognizedClientException'])
    for (const minutes of [-6, 6]) assert.deepEqual(await type(signed(key, 'GET', '/functions', 'edge-a', undefined, new Date(Date.now() + minutes * 60_000))), [403, 'InvalidSignatureException'])
    const changed = await newSigner(key).sign(requestOf('POST', '/functions', 'edge-a', JSON.stringify(hello('team-b'))))
    assert.deepEqual(await type(send({ ...changed, body: JSON.stringify(hello('team-c')) })), [403, 'InvalidSignatureException'])
    assert.deepEqual(await type(as('AWS4-HMAC-SHA256 Credential=x', 'GET', '/functions')), [400, 'IncompleteSignatureException'])

    assert.equal((await as(admin, 'DELETE', `/access-keys/${key.accessKeyId}`)).status, 204)
    await until(async () => (await signed(key, 'GET', '/functions', 'edge-c')).status === 403)
    assert.deepEqual(await type(signed(key, 'GET', '/functions')), [403, 'UnrecognizedClientException'])
  })

  test('a URL of AuthType AWS_IAM takes them, of those who may invoke', async () => {
    await as(admin, 'POST', '/2021-10-31/functions/team-a/url', { AuthType: 'AWS_IAM' })
    const { json } = await as(admin, 'POST', '/access-keys', { role: 'invoker', functions: ['team-*'] })
    const stranger = (await as(admin, 'POST', '/access-keys', { role: 'invoker', functions: ['none'] })).json as Key
    await until(async () => (await call('GET', `${mesh.url('edge-a')}/fn/team-a/`)).status === 403)
    const answer = await signed(json as Key, 'GET', '/fn/team-a/')
    assert.deepEqual([answer.status, answer.text], [200, 'do-not-tell'])
    assert.equal((await signed(stranger, 'GET', '/fn/team-a/')).status, 403)
    const presigned = await newSigner(json as Key).presign(requestOf('GET', '/fn/team-a/x', 'edge-a'), { expiresIn: 60 })
    assert.equal((await send(presigned)).status, 200)
    assert.equal((await send({ ...presigned, path: '/fn/team-a/y' })).status, 403)
    assert.equal((await as(invoker, 'GET', '/fn/team-a/')).status, 200)
    // A resource policy opens it to any key, or to one.
    const permission = { StatementId: 'one', Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'AWS_IAM', Principal: `arn:aws:iam::000000000000:user/${stranger.accessKeyId}` }
    assert.equal((await as(admin, 'POST', '/2015-03-31/functions/team-a/policy', permission)).status, 201)
    assert.equal((await signed(stranger, 'GET', '/fn/team-a/')).status, 200)
    assert.equal((await as(admin, 'DELETE', '/2015-03-31/functions/team-a/policy/one')).status, 204)
    assert.equal((await signed(stranger, 'GET', '/fn/team-a/')).status, 403)
  })

  test('a recorded request is good for five minutes, and never for another service', async () => {
    const key = (await as(admin, 'POST', '/access-keys', { role: 'deployer', functions: ['*'] })).json as Key
    const recorded = await newSigner(key).sign(requestOf('GET', '/functions', 'edge-a'), { signingDate: new Date(Date.now() - 4 * 60_000) })
    assert.deepEqual([(await send(recorded)).status, (await send(recorded)).status], [200, 200])
    const late = await newSigner(key).sign(requestOf('GET', '/functions', 'edge-a'), { signingDate: new Date(Date.now() - 6 * 60_000) })
    assert.match((await send(late)).text, /Signature expired: \d{8}T\d{6}Z is now earlier than/)
    const early = await newSigner(key).sign(requestOf('GET', '/functions', 'edge-a'), { signingDate: new Date(Date.now() + 6 * 60_000) })
    assert.match((await send(early)).text, /Signature not yet current/)
    const elsewhere = await newSigner(key, 's3').sign(requestOf('GET', '/functions', 'edge-a'))
    assert.match((await send(elsewhere)).text, /correct service: 'lambda'/)
  })
})

test('an environment is on no disk in clear, and in no log', async () => {
  for (const edge of Object.values(mesh.edges)) assert.doesNotMatch(edge.output(), /do-not-tell/)
  const { execFile } = await import('node:child_process')
  const found = await new Promise<boolean>((resolve) => execFile('grep', ['-rqa', 'do-not-tell', mesh.folder], (error) => resolve(error === null)))
  assert.equal(found, false)
})
