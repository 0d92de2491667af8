// The types for authors: what the TypeScript compiler makes of functions that are written with them.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT, runToEnd } from '../mesh/harness/processes.js'
import { swarmlambda } from './harness.js'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true })
  // As npm would install them.
  await symlink(ROOT, join(folder, 'node_modules/swarmlambda'))
  await symlink(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
})
after(() => rm(folder, { recursive: true, force: true }))

const tsc = async (cwd: string, ...args: string[]): Promise<{ code: number | null; output: string }> =>
  await runToEnd(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit', '--pretty', 'false', ...args], { cwd })

const STRICT = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--exactOptionalPropertyTypes']

const GOOD = `
import type { Context, Handler, HttpEvent, HttpEventV1, HttpHandler, HttpHandlerV1, HttpResponse, InvocationRecord, ScheduledHandler } from 'swarmlambda/types'

export const typed: Handler<{ n: number }, number> = async ({ n }, context) => n * context.getRemainingTimeInMillis()
export const called: Handler<unknown, string> = (_event, _context, callback) => callback(null, 'done')
export const http: HttpHandler = async (event: HttpEvent): Promise<HttpResponse> => ({ statusCode: 200, headers: { 'x-path': event.rawPath }, cookies: ['a=b'], body: event.queryStringParameters?.q ?? event.requestContext.http.method })
export const web: HttpHandler = async () => new Response('hi', { status: 201 })
export const plain: HttpHandler = async () => ({ any: 'thing' })
export const old: HttpHandlerV1 = async (event: HttpEventV1) => ({ statusCode: 200, body: event.body ?? event.requestContext.identity.sourceIp })
export const cron: ScheduledHandler = async ({ time, resources: [arn] }) => { console.log(new Date(time), arn) }
export const failed: Handler<InvocationRecord<{ id: string }>, void> = async ({ requestPayload: { id }, requestContext: { condition } }) => { console.log(id, condition) }
export const streamed = awslambda.streamifyResponse<HttpEvent>(async (event, responseStream, context: Context) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, { statusCode: 200, headers: { 'content-type': 'text/html' } })
  stream.write(event.rawPath)
  stream.end(context.awsRequestId)
})
export const region: string | undefined = process.env.SWARMLAMBDA_REGION
`

test('are enough for handlers of every kind', async () => {
  await writeFile(join(folder, 'good.mts'), GOOD)
  const { code, output } = await tsc(folder, ...STRICT, 'good.mts')
  assert.equal(code, 0, output)
})

test('refuse what would fail when it is called', async () => {
  await writeFile(join(folder, 'bad.mts'), `
import type { Handler, HttpHandler, HttpHandlerV1 } from 'swarmlambda/types'
export const a: Handler<{ n: number }, number> = async ({ n }) => String(n)
export const b: HttpHandler = async (event) => event.path
export const c: HttpHandlerV1 = async () => ({ body: 'x' })
export const d: Handler = async (_event, context) => context.remaining()
`)
  const { output } = await tsc(folder, ...STRICT, 'bad.mts')
  assert.match(output, /bad\.mts\(3,.*Type 'Promise<string>' is not assignable[^]*bad\.mts\(4,.*Property 'path' does not exist on type 'HttpEvent'[^]*bad\.mts\(5,[^]*Property 'statusCode' is missing[^]*bad\.mts\(6,.*Property 'remaining' does not exist/)
})

test('come along with the templates in TypeScript, which compile as they are', async () => {
  await swarmlambda(['init', 'app', '--template', 'typescript'], { cwd: folder })
  const { code, output } = await tsc(join(folder, 'app'), '--project', '.')
  assert.equal(code, 0, output)
})
