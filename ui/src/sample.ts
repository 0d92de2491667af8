// What the empty page offers to deploy.
import type { Deployment } from './functions/api.ts'

export const SAMPLE_EVENT = '{\n  "name": "world"\n}'

export const SAMPLE: Deployment = {
  name: 'hello',
  handler: 'index.handler',
  files: {
    'index.js': `// Runs in a fresh sandbox for every request.
exports.handler = async (event, context) => {
  console.log('request', context.awsRequestId)
  return {
    message: \`Hello, \${event.name ?? 'world'}!\`,
    edge: process.env.SWARMLAMBDA_NODE_NAME,
    region: process.env.SWARMLAMBDA_REGION,
  }
}
`,
  },
  memorySize: 128,
  timeout: 3,
  failover: 'any',
  description: 'Says hello and names the edge that ran it',
  environment: {},
}
