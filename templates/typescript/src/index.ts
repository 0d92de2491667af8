import type { Handler } from 'swarmlambda/types'

interface Greeting {
  message: string
  /** Milliseconds that were left to answer in. */
  left: number
}

export const handler: Handler<{ name?: string }, Greeting> = async (event, context) => {
  console.log('request', context.awsRequestId)
  return { message: `Hello, ${event.name ?? 'world'}!`, left: context.getRemainingTimeInMillis() }
}
