// Response streaming out of a function, and what ends an invocation besides its handler: through a real edge.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { request } from 'undici'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { deploy, invoke, type Answer } from './harness/http.js'
import { startEdge, type Edge } from './harness/edges.js'

let folder = ''
let program: Edge
let edge = ''
let origin = ''
/** A request to the server below is answered when the test says so. */
let arrived: (answer: () => void, request: IncomingMessage) => void = () => {}

const server = createServer((incoming, response) => arrived(() => response.end('go'), incoming))
const arrival = (): Promise<{ answer: () => void; request: IncomingMessage }> =>
  new Promise((resolve) => { arrived = (answer, incoming) => resolve({ answer, request: incoming }) })

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  folder = await mkdtemp(join(tmpdir(), 'swarm-'))
  program = await startEdge({ name: 'edge-a', folder })
  edge = program.url
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await program.kill()
  await rm(folder, { recursive: true, force: true })
})

interface Message {
  headers: Record<string, string>
  payload: Buffer
}

/** The messages of `application/vnd.amazon.eventstream`. */
async function* messages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of body) {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 4 && bytes.length >= bytes.readUInt32BE(0)) {
      const [total, headerBytes] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)]
      const headers: Record<string, string> = {}
      for (let at = 12; at < 12 + headerBytes; ) {
        const nameEnd = at + 1 + bytes.readUInt8(at)
        const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1)
        headers[bytes.toString('utf8', at + 1, nameEnd)] = bytes.toString('utf8', nameEnd + 3, valueEnd)
        at = valueEnd
      }
      yield { headers, payload: bytes.subarray(12 + headerBytes, total - 4) }
      bytes = bytes.subarray(total)
    }
  }
}

let count = 0
async function deployed(source: string, more: Record<string, unknown> = {}): Promise<string> {
  const name = `stream-${count++}`
  const answer = await deploy(edge, name, source, { allow: ['127.0.0.1'], ...more })
  assert.equal(answer.status, 201, answer.text)
  return name
}
const stream = (name: string, signal?: AbortSignal) =>
  request(`${edge}/2021-11-15/functions/${name}/response-streaming-invocations`, { method: 'POST', body: JSON.stringify({ origin }), ...(signal && { signal }) })
/** Everything that was streamed, and the message at the end. */
async function streamed(source: string): Promise<{ text: string; end: Record<string, string>; status: number; headers: Record<string, unknown> }> {
  const { body, statusCode, headers } = await stream(await deployed(source))
  let text = ''
  let end: Record<string, string> = {}
  for await (const message of messages(body)) {
    if (message.headers[':event-type'] === 'PayloadChunk') text += message.payload.toString()
    else end = JSON.parse(message.payload.toString()) as Record<string, string>
  }
  return { text, end, status: statusCode, headers }
}
const invoked = async (source: string): Promise<Answer> => invoke(edge, await deployed(source), { origin })
const error = (answer: Answer): [string, string] => {
  assert.equal(answer.headers['x-amz-function-error'], 'Unhandled', answer.text)
  const { errorType, errorMessage } = answer.json as { errorType: string; errorMessage: string }
  return [errorType, errorMessage]
}

describe('a streamed response', () => {
  for (const [kind, source] of Object.entries({
    'of streamifyResponse': `exports.handler = awslambda.streamifyResponse(async ({ origin }, out) => {
      out.write('first')
      out.write(await (await fetch(origin)).text())
      out.end('last')
    })`,
    'of a Response': `exports.handler = async ({ origin }) => new Response(new ReadableStream({
      async start(controller) {
        const send = (text) => controller.enqueue(new TextEncoder().encode(text))
        send('first')
        send(await (await fetch(origin)).text())
        send('last')
        controller.close()
      },
    }))`,
  })) {
    test(`${kind} arrives as it is produced`, async () => {
      const waits = arrival()
      const { body, headers } = await stream(await deployed(source))
      assert.equal(headers['content-type'], 'application/vnd.amazon.eventstream')
      assert.match(String(headers['x-swarm-tries']), /^edge-a=streams;/)
      let text = ''
      for await (const { payload, headers: { ':event-type': event } } of messages(body)) {
        if (event === 'InvokeComplete') assert.equal(payload.toString(), '{}')
        else text += payload.toString()
        // The function waits for this answer: it can't have ended.
        if (text.endsWith('first')) (await waits).answer()
      }
      assert.ok(text.endsWith('firstgolast'), text)
    })
  }

  test('carries status, headers and cookies before its body', async () => {
    const { text } = await streamed(`exports.handler = awslambda.streamifyResponse(async (event, out) => {
      out = awslambda.HttpResponseStream.from(out, { statusCode: 201, headers: { 'content-type': 'text/html' }, cookies: ['a=1'] })
      out.write('<p>')
      out.end()
    })`)
    const [prelude, body] = text.split('\0'.repeat(8))
    assert.deepEqual(JSON.parse(prelude ?? ''), { statusCode: 201, headers: { 'content-type': 'text/html' }, cookies: ['a=1'] })
    assert.equal(body, '<p>')
  })

  test('works with pipeline, is ended for a handler that forgot to, and is large', async () => {
    const { text, end } = await streamed(`const { pipeline } = require('node:stream/promises'), { Readable } = require('node:stream')
      exports.handler = awslambda.streamifyResponse((event, out) => pipeline(Readable.from(['a', 'b', 'c']), out))`)
    assert.deepEqual([text, end], ['abc', {}])
    const forgot = await streamed('exports.handler = awslambda.streamifyResponse(async (event, out) => { setTimeout(() => out.write("later"), 1) })')
    assert.equal(forgot.text, 'later')
    const large = await streamed('exports.handler = awslambda.streamifyResponse(async (event, out) => { for (let i = 0; i < 40; i++) out.write("x".repeat(500_000)); out.end() })')
    assert.equal(large.text.length, 20_000_000)
  })

  test('tells of a failure at its end', async () => {
    const { text, end, status } = await streamed('exports.handler = awslambda.streamifyResponse(async (event, out) => { out.write("half"); throw new RangeError("no more") })')
    assert.deepEqual([status, text, end['ErrorCode']], [200, 'half', 'Unhandled'])
    const details = JSON.parse(end['ErrorDetails'] ?? '') as { errorType: string; errorMessage: string }
    assert.deepEqual([details.errorType, details.errorMessage], ['RangeError', 'no more'])
  })

  test('fails as a whole when nothing of it is there yet', async () => {
    const { text, end } = await streamed('exports.handler = awslambda.streamifyResponse(async () => { throw new Error("at once") })')
    assert.deepEqual([text, end['ErrorCode']], ['', 'Unhandled'])
    const absent = await stream('nobody')
    assert.deepEqual([absent.statusCode, absent.headers['x-amzn-errortype']], [404, 'ResourceNotFoundException'])
    await absent.body.dump()
  })

  test('of a function that does not stream comes as one', async () => {
    const { text, end } = await streamed('exports.handler = async () => ({ ok: true })')
    assert.deepEqual([text, end], ['{"ok":true}', {}])
  })

  test('stops the function when its client goes away', async () => {
    const waits = arrival()
    const abort = new AbortController()
    const { body } = await stream(await deployed(`exports.handler = awslambda.streamifyResponse(async ({ origin }, out) => {
      out.write('first')
      await fetch(origin)
    })`), abort.signal)
    body.on('error', () => {})
    const { request: incoming } = await waits
    const closed = new Promise((resolve) => incoming.on('error', () => {}).on('close', resolve))
    abort.abort()
    await closed
  })

  test('is one answer to an ordinary invocation', async () => {
    const raw = await invoked('exports.handler = awslambda.streamifyResponse(async (event, out) => { out.write("a"); out.end("b") })')
    assert.equal(raw.text, 'ab')
    const http = await invoked('exports.handler = async () => new Response("<p>", { status: 404, headers: [["content-type", "text/html"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] })')
    assert.deepEqual(http.json, { statusCode: 404, headers: { 'content-type': 'text/html' }, cookies: ['a=1', 'b=2'], body: '<p>', isBase64Encoded: false })
    const binary = await invoked('exports.handler = async () => new Response(new Uint8Array([255, 0]))')
    assert.deepEqual(binary.json, { statusCode: 200, headers: {}, body: '/wA=', isBase64Encoded: true })
    assert.deepEqual((await invoked('exports.handler = async () => Response.json({ a: 1 })')).json, { statusCode: 200, headers: { 'content-type': 'application/json' }, body: '{"a":1}', isBase64Encoded: false })
  })
})

describe('an invocation ends', () => {
  test('with a rejection that nobody handles', async () => {
    const answer = await invoked('exports.handler = async () => { Promise.reject(new TypeError("lost")); await new Promise((resolve) => setTimeout(resolve, 5)) }')
    assert.deepEqual(error(answer), ['Runtime.UnhandledPromiseRejection', 'TypeError: lost'])
    assert.match(answer.text, /index\.js:1:\d+/)
    assert.equal(error(await invoked('exports.handler = async () => { Promise.reject(1); return 2 }'))[1], '1')
  })

  test('well when the rejection is handled in time, or listened for', async () => {
    assert.equal((await invoked('exports.handler = async () => { const p = Promise.reject(1); await null; return p.catch((n) => n + 1) }')).text, '2')
    const told = await invoked('let told = []; process.on("unhandledRejection", (reason) => told.push(reason)); exports.handler = async () => { Promise.reject(7); await new Promise((resolve) => setTimeout(resolve, 1)); return told }')
    assert.deepEqual(told.json, [7])
  })

  test('with an exception in a timer or a microtask, unless it is listened for', async () => {
    for (const later of ['setTimeout', 'queueMicrotask', 'setImmediate', 'process.nextTick']) {
      assert.deepEqual(error(await invoked(`exports.handler = () => new Promise(() => ${later}(() => { throw new RangeError("late") }))`)), ['RangeError', 'late'], later)
      const told = await invoked(`exports.handler = () => new Promise((resolve) => { process.on("uncaughtException", (error) => resolve(error.message)); ${later}(() => { throw new RangeError("late") }) })`)
      assert.equal(told.text, '"late"', later)
    }
  })

  test('with its process', async () => {
    const exits = async (source: string): Promise<string> => {
      const [type, message] = error(await invoked(`exports.handler = async () => { try { ${source} } catch {} finally { return 1 } }`))
      assert.equal(type, 'Runtime.ExitError')
      return message.replace(/^RequestId: \S+ /, '')
    }
    assert.equal(await exits('process.exit(3)'), 'Error: Runtime exited with error: exit status 3')
    assert.equal(await exits('process.exit()'), 'Error: Runtime exited without providing a reason')
    assert.equal(await exits('process.exitCode = 4; process.exit()'), 'Error: Runtime exited with error: exit status 4')
    assert.equal(await exits('process.on("exit", () => { process.exitCode = 9 }); process.exit(1)'), 'Error: Runtime exited with error: exit status 9')
    assert.equal(await exits('process.abort()'), 'Error: Runtime exited with error: signal: aborted')
  })

  test('before it began, when the module left a rejection behind or exits', async () => {
    const lost = await deploy(edge, 'lost', 'Promise.reject(new Error("at the top")); exports.handler = async () => 1')
    assert.equal(lost.status, 400)
    assert.match(lost.text, /Error: at the top/)
    const exits = await deploy(edge, 'exits', 'process.exit(1); exports.handler = async () => 1')
    assert.equal(exits.status, 400)
    assert.match(exits.text, /exit/)
  })
})
