// An invocation as a command line or a program. Pure.

export interface Target {
  /** Where to send it, absolute. */
  url: string
  /** Of the edge, for clients that know Lambda's paths. */
  endpoint: string
  name: string
  /** Version or alias; null: the latest. */
  qualifier: string | null
  /** JSON. */
  event: string
}

export function asCurl({ url, event }: Target): string {
  return `curl -i -X POST ${quote(url)} -H 'content-type: application/json' -d ${quote(compact(event))}`
}

export function asAwsCli({ endpoint, name, qualifier, event }: Target): string {
  return [
    'AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=eu-central-1',
    `aws lambda invoke --endpoint-url ${quote(endpoint.replace(/\/$/, ''))} --function-name ${name}`,
    ...(qualifier === null ? [] : [`--qualifier ${qualifier}`]),
    `--cli-binary-format raw-in-base64-out --payload ${quote(compact(event))} /dev/stdout`,
  ].join(' ')
}

export function asSdk({ endpoint, name, qualifier, event }: Target): string {
  return `import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'

const client = new LambdaClient({
  endpoint: ${JSON.stringify(endpoint.replace(/\/$/, ''))},
  region: 'eu-central-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
})
const { Payload } = await client.send(new InvokeCommand({
  FunctionName: ${JSON.stringify(name)},${qualifier === null ? '' : `\n  Qualifier: ${JSON.stringify(qualifier)},`}
  Payload: ${JSON.stringify(compact(event))},
}))
console.log(Buffer.from(Payload).toString())
`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function compact(event: string): string {
  try {
    return JSON.stringify(JSON.parse(event))
  } catch {
    return event.trim() === '' ? '{}' : event
  }
}
