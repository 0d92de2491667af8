// AWS SDK for JavaScript v3 inside a function, against a server that speaks as much of S3 as the test needs.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stop } from 'esbuild'
import { inlined } from '../../lib/bundle/esbuild.js'
import { bundleFolder } from '../../lib/bundle/folder.js'
import { startEdge, type Edge } from '../mesh/harness/edges.js'
import { call, invoke } from '../mesh/harness/http.js'
import { BUILT, installPackages } from './packages.js'

const HANDLER = `
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { Readable } from 'node:stream'

export const handler = async ({ endpoint }) => {
  const s3 = new S3Client({ endpoint, region: 'eu-central-1', forcePathStyle: true, maxAttempts: 3, credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' } })
  const at = (Key) => ({ Bucket: 'box', Key })
  const put = await s3.send(new PutObjectCommand({ ...at('a b/ü.txt'), Body: 'grüße', ContentType: 'text/plain', Metadata: { who: 'me' } }))
  await s3.send(new PutObjectCommand({ ...at('bytes'), Body: new Uint8Array([0, 255, 7]) }))
  await s3.send(new PutObjectCommand({ ...at('stream'), Body: Readable.from([Buffer.from('one'), Buffer.from('two')]), ContentLength: 6 }))
  const got = await s3.send(new GetObjectCommand(at('a b/ü.txt')))
  const bytes = await (await s3.send(new GetObjectCommand(at('bytes')))).Body.transformToByteArray()
  const streamed = await new Response((await s3.send(new GetObjectCommand(at('stream')))).Body.transformToWebStream?.()).text()
  const missing = await s3.send(new GetObjectCommand(at('missing'))).catch((error) => [error.name, error.$metadata.httpStatusCode, error.message])
  const head = await s3.send(new HeadObjectCommand(at('bytes')))
  const unstable = await s3.send(new GetObjectCommand(at('unstable')))
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'box', Prefix: '' }))
  await s3.send(new DeleteObjectCommand(at('bytes')))
  const url = new URL(await getSignedUrl(s3, new GetObjectCommand(at('stream')), { expiresIn: 60 }))
  const parallel = await Promise.all(Array.from({ length: 8 }, () => s3.send(new GetObjectCommand(at('stream'))).then(({ Body }) => Body.transformToString())))
  return {
    etag: put.ETag, text: await got.Body.transformToString(), type: got.ContentType, metadata: got.Metadata, bytes: [...bytes], streamed, missing,
    length: head.ContentLength, attempts: unstable.$metadata.attempts, keys: listed.Contents.map(({ Key, Size }) => [Key, Size]), signed: url.searchParams.get('X-Amz-SignedHeaders'), presigned: await (await fetch(url)).text(), parallel: new Set(parallel).size,
  }
}`

interface Stored {
  body: Buffer
  type: string
  metadata: Record<string, string>
}
const stored = new Map<string, Stored>()
const unsigned: string[] = []
let refusals = 1

const etag = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`
const problem = (response: ServerResponse, status: number, code: string): void => {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} it is</Message></Error>`)
}
/** What `aws-chunked` framing wraps: sizes and signatures are left out. */
function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at)
    const size = parseInt(body.toString('latin1', at, end), 16)
    if (size === 0) break
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
  return Buffer.concat(parts)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://s3')
  const key = decodeURIComponent(url.pathname.replace('/box', '').slice(1))
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  if (!/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/s3\/aws4_request/.test(request.headers.authorization ?? '') && !url.searchParams.has('X-Amz-Signature')) unsigned.push(url.pathname)
  if (key === '') {
    const contents = [...stored].map(([name, { body }]) => `<Contents><Key>${name}</Key><Size>${body.length}</Size></Contents>`).join('')
    response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><ListBucketResult><Name>box</Name><KeyCount>${stored.size}</KeyCount>${contents}</ListBucketResult>`)
  } else if (request.method === 'PUT') {
    const raw = Buffer.concat(chunks)
    const body = /aws-chunked/.test(request.headers['content-encoding'] ?? '') ? unchunked(raw) : raw
    const metadata = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-')).map(([name, value]) => [name, String(value)]))
    stored.set(key, { body, type: request.headers['content-type'] ?? '', metadata })
    response.writeHead(200, { etag: etag(body) }).end()
  } else if (request.method === 'DELETE') {
    stored.delete(key)
    response.writeHead(204).end()
  } else if (key === 'unstable' && refusals-- > 0) {
    problem(response, 503, 'SlowDown')
  } else {
    const found = key === 'unstable' ? { body: Buffer.from('ok'), type: 'text/plain', metadata: {} } : stored.get(key)
    if (found === undefined) return problem(response, 404, 'NoSuchKey')
    response.writeHead(200, { 'content-type': found.type, 'content-length': found.body.length, etag: etag(found.body), ...found.metadata })
    response.end(request.method === 'HEAD' ? undefined : found.body)
  }
}

let folder = ''
let edge: Edge
const server = createServer((request, response) => void answer(request, response))

before(async () => {
  await installPackages()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  folder = await mkdtemp(join(tmpdir(), 'swarm-s3-'))
  edge = await startEdge({ name: 'edge-a', folder })
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await edge.kill()
  await stop()
  await rm(folder, { recursive: true, force: true })
})

test('a client of AWS SDK v3 puts, gets, lists, retries, streams and signs', async () => {
  const source = join(BUILT, 's3')
  await mkdir(source, { recursive: true })
  await writeFile(join(source, 'handler.mjs'), HANDLER)
  const deployed = await call('POST', `${edge.url}/functions`, { name: 's3', files: inlined(await bundleFolder(source, 'handler.handler')), timeout: 20, allow: ['127.0.0.1'] })
  assert.equal(deployed.status, 201, deployed.text)
  const { json } = await invoke(edge.url, 's3', { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  assert.deepEqual(json, {
    etag: etag(Buffer.from('grüße')),
    text: 'grüße',
    type: 'text/plain',
    metadata: { who: 'me' },
    bytes: [0, 255, 7],
    streamed: 'onetwo',
    missing: ['NoSuchKey', 404, 'NoSuchKey it is'],
    length: 3,
    attempts: 2,
    keys: [['a b/ü.txt', 6 + 1], ['bytes', 3], ['stream', 6]],
    signed: 'host',
    presigned: 'onetwo',
    parallel: 1,
  })
  assert.deepEqual(unsigned, [])
})
