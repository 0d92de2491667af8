// Real frameworks behind their own adapters for Lambda, in both payload formats: 2.0 under /fn, 1.0 under routes.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stop } from 'esbuild'
import { inlined } from '../../lib/bundle/esbuild.js'
import { bundleFolder } from '../../lib/bundle/folder.js'
import { BUILT, installPackages } from '../corpus/packages.js'
import { startEdge, type Edge } from './harness/edges.js'
import { call } from './harness/http.js'

const EXPRESS = `import express from 'express'
  const app = express()
  app.get('/users/:id', (q, r) => { r.cookie('a', '1'); r.cookie('b', '2'); r.set('x-own', 'yes').json({ id: q.params.id, q: [q.query.q].flat(), cookie: q.headers.cookie ?? null }) })
  app.post('/echo', express.text({ type: 'text/*' }), (q, r) => r.status(201).type('text').send(q.body.toUpperCase()))
  app.post('/bytes', express.raw({ type: 'application/octet-stream' }), (q, r) => r.type('application/octet-stream').send(Buffer.from(q.body).reverse()))
  app.get('/moved', (q, r) => r.redirect('/users/1'))
  app.all('/users/:id', (q, r) => r.status(405).set('allow', 'GET').end())
`

/** Each is the same little site. */
const APPS: Record<string, string> = {
  'hono/aws-lambda': `import { Hono } from 'hono'; import { handle } from 'hono/aws-lambda'; import { setCookie } from 'hono/cookie'
    const app = new Hono()
    app.get('/users/:id', (c) => { setCookie(c, 'a', '1'); setCookie(c, 'b', '2'); c.header('x-own', 'yes'); return c.json({ id: c.req.param('id'), q: c.req.queries('q'), cookie: c.req.header('cookie') ?? null }) })
    app.post('/echo', async (c) => c.text((await c.req.text()).toUpperCase(), 201))
    app.post('/bytes', async (c) => c.body(new Uint8Array(await c.req.arrayBuffer()).reverse(), 200, { 'content-type': 'application/octet-stream' }))
    app.get('/moved', (c) => c.redirect('/users/1'))
    app.all('/users/:id', (c) => c.body(null, 405, { allow: 'GET' }))
    export const handler = handle(app)`,
  'serverless-http': `${EXPRESS}; import serverless from 'serverless-http'
    export const handler = serverless(app, { binary: ['application/octet-stream'] })`,
  '@fastify/aws-lambda': `import Fastify from 'fastify'; import awsLambdaFastify from '@fastify/aws-lambda'
    const app = Fastify()
    app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (q, body, done) => done(null, body))
    app.get('/users/:id', { exposeHeadRoute: true }, (q, r) => r.header('set-cookie', ['a=1', 'b=2']).header('x-own', 'yes').send({ id: q.params.id, q: [q.query.q].flat(), cookie: q.headers.cookie ?? null }))
    app.post('/echo', (q, r) => r.code(201).type('text/plain; charset=utf-8').send(q.body.toUpperCase()))
    app.post('/bytes', (q, r) => r.type('application/octet-stream').send(Buffer.from(q.body).reverse()))
    app.get('/moved', (q, r) => r.redirect('/users/1'))
    app.route({ method: ['DELETE', 'PUT'], url: '/users/:id', handler: (q, r) => r.code(405).header('allow', 'GET').send() })
    const proxy = awsLambdaFastify(app, { binaryMimeTypes: ['application/octet-stream'] })
    export const handler = proxy`,
  '@aws-lambda-powertools/event-handler': `import { Router } from '@aws-lambda-powertools/event-handler/http'
    const app = new Router()
    const user = async ({ req, params }) => {
      const headers = new Headers({ 'content-type': 'application/json', 'x-own': 'yes' })
      headers.append('set-cookie', 'a=1'); headers.append('set-cookie', 'b=2')
      const q = new URL(req.url).searchParams.getAll('q')
      return new Response(JSON.stringify({ id: params.id, q, cookie: req.headers.get('cookie') }), { headers })
    }
    app.get('/users/:id', user)
    app.route(user, { path: '/users/:id', method: 'HEAD' })
    app.post('/echo', async ({ req }) => new Response((await req.text()).toUpperCase(), { status: 201, headers: { 'content-type': 'text/plain' } }))
    app.get('/moved', async () => new Response(null, { status: 302, headers: { location: '/users/1' } }))
    app.route(async () => new Response(null, { status: 405, headers: { allow: 'GET' } }), { path: '/users/:id', method: ['DELETE', 'PUT'] })
    export const handler = async (event, context) => app.resolve(event, context)`,
}

let folder = ''
let program: Edge
before(async () => {
  await installPackages()
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  program = await startEdge({ name: 'edge-a', folder })
})
after(async () => {
  await program.kill()
  await stop()
  await rm(folder, { recursive: true, force: true })
})

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)

for (const [app, source] of Object.entries(APPS)) {
  describe(app, () => {
    // It keeps the last cookie and reads bodies as text, in Node.js as well.
    const isPowertools = app.includes('powertools')
    const name = app.replace(/\W+/g, '-').replace(/^-/, '')
    before(async () => {
      const path = join(BUILT, `web-${name}`)
      await mkdir(path, { recursive: true })
      await writeFile(join(path, 'app.mjs'), source)
      const made = await call('POST', `${program.url}/functions`, { name, files: inlined(await bundleFolder(path, 'app.handler')), timeout: 10 })
      assert.equal(made.status, 201, made.text)
      const routes = Object.fromEntries(['ANY /users/{id}', 'POST /echo', 'POST /bytes', 'GET /moved', 'GET /missing'].map((key) => [key, { function: name, payloadFormatVersion: '1.0' }]))
      assert.equal((await call('PUT', `${program.url}/routes`, { routes })).status, 200)
    })

    for (const [format, prefix] of [['2.0', `/fn/${name}`], ['1.0', '']] as const) {
      const at = (path: string, init: RequestInit = {}): Promise<Response> => fetch(program.url + prefix + path, { redirect: 'manual', ...init })

      test(`payload format ${format}`, async () => {
        const users = await at('/users/j%C3%BC?q=a&q=b%20c', { headers: { cookie: 'one=1; two=2' } })
        const text = await users.text()
        assert.equal(users.status, 200, text)
        const { cookie, id, q } = JSON.parse(text) as { id: string; q: string[]; cookie: string }
        assert.deepEqual([id, q.join(), cookie.replaceAll(/[;,]\s*/g, ' '), users.headers.get('x-own')], ['jü', 'a,b c', 'one=1 two=2', 'yes'])
        assert.deepEqual(users.headers.getSetCookie().map((one) => one.slice(0, 3)), isPowertools ? ['b=2'] : ['a=1', 'b=2'])

        const echo = await at('/echo', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'grüße' })
        assert.deepEqual([echo.status, await echo.text()], [201, 'GRÜSSE'])
        if (!isPowertools) {
          const binary = await at('/bytes', { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: bytes(0, 200, 255, 10) })
          assert.deepEqual([binary.headers.get('content-type'), new Uint8Array(await binary.arrayBuffer())], ['application/octet-stream', bytes(10, 255, 200, 0)])
        }

        const moved = await at('/moved')
        assert.deepEqual([moved.status, moved.headers.get('location')], [302, '/users/1'])
        const head = await at('/users/5', { method: 'HEAD' })
        assert.deepEqual([head.status, head.headers.get('x-own'), await head.text()], [200, 'yes', ''])
        const wrong = await at('/users/5', { method: 'DELETE' })
        assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET'])
        assert.equal((await at('/missing')).status, 404)
      })
    }
  })
}
