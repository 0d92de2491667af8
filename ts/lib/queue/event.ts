// An asynchronous invocation as it waits, and how it ends. The records that destinations get are AWS Lambda's.
import { z } from 'zod'

export const queuedEventSchema = z.looseObject({
  v: z.literal(1),
  /** The invocation's request id: the same at every attempt. */
  id: z.string().regex(/^[\w-]{1,128}$/),
  name: z.string().min(1).max(64),
  qualifier: z.string().max(128).nullable(),
  /** JSON. */
  payload: z.string(),
  /** JSON. */
  clientContext: z.string().nullable(),
  /** Milliseconds since the epoch. */
  receivedAt: z.number(),
  notBefore: z.number(),
  /** Executions that failed. */
  attempts: z.number().int().nonnegative(),
  /** Times that nobody took it: overload, no edge. */
  refusals: z.number().int().nonnegative(),
  /** Destinations it came through. */
  hops: z.number().int().nonnegative(),
  /** Whose turn it was, if a schedule made it. */
  schedule: z.object({ name: z.string(), slot: z.number() }).optional(),
})

export type QueuedEvent = z.infer<typeof queuedEventSchema>

export const CONDITIONS = ['RetriesExhausted', 'EventAgeExceeded', 'FunctionNotFound', 'RecursiveInvocation'] as const
/** Why an event is given up. */
export type Condition = (typeof CONDITIONS)[number]

export const deadLetterSchema = queuedEventSchema.extend({
  diedAt: z.number(),
  condition: z.enum(CONDITIONS),
  /** What the last execution answered, JSON; null without one. */
  response: z.string().nullable(),
})

export type DeadLetter = z.infer<typeof deadLetterSchema>

/** What EventInvokeConfig says, its defaults filled in. */
export interface Settings {
  maxRetries: number
  maxAgeMs: number
  /** Names of functions, with a qualifier if it has one. */
  onSuccess: Destination | null
  onFailure: Destination | null
}

export interface Destination {
  name: string
  qualifier: string | null
}

/** The end of an event, for a destination. */
export interface Result {
  condition: Condition | 'Success'
  /** JSON; null: never executed. */
  response: string | null
  functionArn: string
  executedVersion: string
}

/** The event of the function that a destination names: Lambda's invocation record. */
export function recordOf(event: QueuedEvent, { condition, executedVersion, functionArn, response }: Result, now: number): string {
  const failed = condition !== 'Success'
  return JSON.stringify({
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    requestContext: { requestId: event.id, functionArn, condition, approximateInvokeCount: event.attempts + (failed ? 0 : 1) },
    requestPayload: JSON.parse(event.payload) as unknown,
    ...(response === null
      ? {}
      : {
          responseContext: { statusCode: 200, executedVersion, ...(failed ? { functionError: 'Unhandled' } : {}) },
          responsePayload: JSON.parse(response) as unknown,
        }),
  })
}
