// Drives @aws-sdk/client-lambda against three edges: argv is the folder that the SDK is installed in, then their URLs.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { zipOf } from '../../../dist/test/bundle/zip.js'

const [folder, ...urls] = process.argv.slice(2)
const sdk = await import(pathToFileURL(createRequire(`${folder}/package.json`).resolve('@aws-sdk/client-lambda')).href)
const [a, b, c] = urls.map((endpoint) => new sdk.LambdaClient({ endpoint, region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 }))
const rows = []
const assert = (truth, what) => { if (!truth) throw new Error(JSON.stringify(what)) }
const step = async (name, body) => {
  const started = performance.now()
  const failure = await body().then(() => null, (error) => `${error.name}: ${error.message}`)
  rows.push(failure)
  console.log(`${name.padEnd(40)} ${failure === null ? 'ok    ' : 'FAILED'} ${(performance.now() - started).toFixed(0).padStart(6)} ms  ${failure ?? ''}`)
}
const FunctionName = 'js'
const zip = (n) => zipOf([{ name: 'index.js', content: `exports.handler = async (e) => { if (e.fail) throw new RangeError('asked'); return { n: ${n}, e } }` }])
const streaming = zipOf([{ name: 'index.js', content: 'exports.handler = awslambda.streamifyResponse(async (e, out) => { out.write("one"); await new Promise((r) => setTimeout(r, 5)); out.end("two") })' }])
const text = (payload) => JSON.parse(Buffer.from(payload).toString())
const create = { FunctionName, Runtime: 'nodejs22.x', Role: 'arn:aws:iam::000000000000:role/any', Handler: 'index.handler', Code: { ZipFile: zip(1) } }
const within = { client: a, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }

await step('create, function exists and is active', async () => {
  await a.send(new sdk.CreateFunctionCommand(create))
  await sdk.waitUntilFunctionExists(within, { FunctionName })
  await sdk.waitUntilFunctionActiveV2(within, { FunctionName })
})
await step('create again is ResourceConflictException', async () => {
  const error = await b.send(new sdk.CreateFunctionCommand(create)).catch((reason) => reason)
  assert(error instanceof sdk.ResourceConflictException, error)
})
await step('invoke on each edge', async () => {
  for (const client of [a, b, c]) {
    const answer = await client.send(new sdk.InvokeCommand({ FunctionName, Payload: '{"x":1}', LogType: 'Tail' }))
    assert(answer.StatusCode === 200 && answer.ExecutedVersion === '$LATEST' && text(answer.Payload).n === 1, answer)
    assert(Buffer.from(answer.LogResult, 'base64').toString().includes('REPORT RequestId'), answer.LogResult)
  }
})
await step('a function error is told as one', async () => {
  const answer = await b.send(new sdk.InvokeCommand({ FunctionName, Payload: '{"fail":true}' }))
  assert(answer.FunctionError === 'Unhandled' && text(answer.Payload).errorType === 'RangeError', answer)
})
await step('update code and configuration, wait', async () => {
  await b.send(new sdk.UpdateFunctionCodeCommand({ FunctionName, ZipFile: zip(2) }))
  await sdk.waitUntilFunctionUpdatedV2({ ...within, client: b }, { FunctionName })
  await c.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 9, Environment: { Variables: { A: 'b' } } }))
  await sdk.waitUntilFunctionUpdatedV2({ ...within, client: c }, { FunctionName })
  const { Configuration } = await c.send(new sdk.GetFunctionCommand({ FunctionName }))
  assert(Configuration.Timeout === 9 && Configuration.Environment.Variables.A === 'b', Configuration)
})
await step('publish, alias, invoke the alias', async () => {
  const { Version } = await c.send(new sdk.PublishVersionCommand({ FunctionName }))
  await sdk.waitUntilPublishedVersionActive({ ...within, client: c }, { FunctionName, Qualifier: Version })
  await c.send(new sdk.CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: Version }))
  const answer = await c.send(new sdk.InvokeCommand({ FunctionName, Qualifier: 'live' }))
  assert(answer.ExecutedVersion === Version && text(answer.Payload).n === 2, answer)
})
await step('invoke with a response stream', async () => {
  await a.send(new sdk.CreateFunctionCommand({ ...create, FunctionName: 'js-stream', Code: { ZipFile: streaming } }))
  const { EventStream } = await a.send(new sdk.InvokeWithResponseStreamCommand({ FunctionName: 'js-stream' }))
  const chunks = []
  let complete = null
  for await (const event of EventStream) {
    if (event.PayloadChunk) chunks.push(Buffer.from(event.PayloadChunk.Payload).toString())
    if (event.InvokeComplete) complete = event.InvokeComplete
  }
  assert(chunks.join('|') === 'one|two' && complete !== null && complete.ErrorCode === undefined, [chunks, complete])
})
await step('paginate versions and functions', async () => {
  const names = []
  for await (const page of sdk.paginateListFunctions({ client: c, pageSize: 1 }, {})) names.push(...page.Functions.map(({ FunctionName: name }) => name))
  assert(names.join() === 'js,js-stream', names)
})
await step('dry run, delete, not found', async () => {
  assert((await a.send(new sdk.InvokeCommand({ FunctionName, InvocationType: 'DryRun' }))).StatusCode === 204, 'dry run')
  await a.send(new sdk.DeleteFunctionCommand({ FunctionName }))
  const error = await a.send(new sdk.InvokeCommand({ FunctionName })).catch((reason) => reason)
  assert(error instanceof sdk.ResourceNotFoundException, error)
})
const failed = rows.filter((failure) => failure !== null).length
console.log(`${rows.length - failed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
