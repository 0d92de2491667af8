// Types for authors of functions: `import type { Handler } from 'swarmlambda/types'`. The shapes are AWS Lambda's.
// What a function may use besides is Node's: install @types/node, or let "lib" name "dom".

/** What a function is called with. `TResult` goes to the caller as JSON. */
export type Handler<TEvent = unknown, TResult = unknown> = (event: TEvent, context: Context, callback: Callback<TResult>) => void | Promise<TResult>

/** Ends the invocation; a second call has no effect. */
export type Callback<TResult = unknown> = (error?: Error | string | null, result?: TResult) => void

export interface Context {
  /** False: the answer is sent as soon as there is one, and what still waits (timers, requests) is dropped. */
  callbackWaitsForEmptyEventLoop: boolean
  functionName: string
  /** `$LATEST`, or the number of a published version. */
  functionVersion: string
  invokedFunctionArn: string
  /** Megabytes, as text. */
  memoryLimitInMB: string
  awsRequestId: string
  logGroupName: string
  /** Name of the edge that runs the function. */
  logStreamName: string
  /** What the caller sent in X-Amz-Client-Context. */
  clientContext?: ClientContext | undefined
  identity?: undefined
  /** Milliseconds until the time-out. */
  getRemainingTimeInMillis(): number
  /** @deprecated return or throw instead. */
  done(error?: Error, result?: unknown): void
  /** @deprecated return instead. */
  succeed(result: unknown): void
  /** @deprecated throw instead. */
  fail(error: Error | string): void
}

export interface ClientContext {
  client?: Record<string, string>
  custom?: Record<string, unknown>
  env?: Record<string, string>
}

/** Over HTTP, payload format 2.0: `/fn/{name}`, function URLs, and routes unless they ask for 1.0. */
export interface HttpEvent {
  version: '2.0'
  /** `GET /orders/{id}`, or `$default`. */
  routeKey: string
  /** Decoded, without the prefix of `/fn/{name}`. */
  rawPath: string
  rawQueryString: string
  cookies?: string[]
  /** Names in lower case; several of one name are joined by commas. */
  headers: Record<string, string | undefined>
  queryStringParameters?: Record<string, string | undefined>
  pathParameters?: Record<string, string | undefined>
  stageVariables?: Record<string, string | undefined>
  requestContext: HttpRequestContext
  body?: string
  isBase64Encoded: boolean
}

export interface HttpRequestContext {
  accountId: string
  apiId: string
  domainName: string
  domainPrefix: string
  http: { method: string; path: string; protocol: string; sourceIp: string; userAgent: string }
  requestId: string
  routeKey: string
  stage: string
  /** `26/Nov/2026:06:30:00 +0000` */
  time: string
  /** Milliseconds since the epoch. */
  timeEpoch: number
  authentication?: null
  authorizer?: unknown
}

/** What answers an {@link HttpEvent}; any other value is the body of a 200: JSON, or text as it is. */
export type HttpResult = HttpResponse | string | Response | unknown

export interface HttpResponse {
  statusCode?: number
  headers?: Record<string, string | number | boolean>
  cookies?: string[]
  body?: string
  isBase64Encoded?: boolean
}

export type HttpHandler = Handler<HttpEvent, HttpResult>

/** Over HTTP, payload format 1.0: of routes that ask for it. */
export interface HttpEventV1 {
  version: '1.0'
  resource: string
  path: string
  httpMethod: string
  headers: Record<string, string | undefined>
  multiValueHeaders: Record<string, string[] | undefined>
  queryStringParameters: Record<string, string | undefined> | null
  multiValueQueryStringParameters: Record<string, string[] | undefined> | null
  pathParameters: Record<string, string | undefined> | null
  stageVariables: Record<string, string | undefined> | null
  requestContext: {
    accountId: string
    apiId: string
    domainName: string
    domainPrefix: string
    extendedRequestId: string
    httpMethod: string
    identity: { sourceIp: string; userAgent: string; [name: string]: unknown }
    path: string
    protocol: string
    requestId: string
    requestTime: string
    requestTimeEpoch: number
    resourceId: string
    resourcePath: string
    stage: string
  }
  body: string | null
  isBase64Encoded: boolean
}

export interface HttpResponseV1 {
  statusCode: number
  headers?: Record<string, string | number | boolean>
  multiValueHeaders?: Record<string, (string | number | boolean)[]>
  body?: string
  isBase64Encoded?: boolean
}

export type HttpHandlerV1 = Handler<HttpEventV1, HttpResponseV1>

/** Of a schedule without an `input` of its own, as EventBridge sends it. */
export interface ScheduledEvent {
  version: '0'
  id: string
  'detail-type': 'Scheduled Event'
  source: 'aws.events'
  account: string
  /** ISO 8601, the time it was due. */
  time: string
  region: string
  /** The schedule's ARN. */
  resources: string[]
  detail: Record<string, never>
}

export type ScheduledHandler = Handler<ScheduledEvent, void>

/** What a destination (OnSuccess, OnFailure) is called with. */
export interface InvocationRecord<TPayload = unknown, TResponse = unknown> {
  version: '1.0'
  timestamp: string
  requestContext: {
    requestId: string
    functionArn: string
    condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded'
    approximateInvokeCount: number
  }
  requestPayload: TPayload
  responseContext?: { statusCode: number; executedVersion: string; functionError?: string }
  responsePayload?: TResponse
}

/** A stream to the client: each chunk is sent as it is written. */
export interface ResponseStream {
  write(chunk: string | Uint8Array): boolean
  end(chunk?: string | Uint8Array): void
  setContentType(type: string): void
  once(event: 'drain' | 'finish' | 'close' | 'error', listener: (...args: unknown[]) => void): this
  on(event: 'drain' | 'finish' | 'close' | 'error', listener: (...args: unknown[]) => void): this
}

export type StreamHandler<TEvent = unknown> = (event: TEvent, responseStream: ResponseStream, context: Context) => void | Promise<void>

declare global {
  /** As on AWS Lambda. */
  const awslambda: {
    streamifyResponse<TEvent = unknown>(handler: StreamHandler<TEvent>, options?: { highWaterMark?: number }): Handler<TEvent, void>
    HttpResponseStream: {
      /** Status, headers and cookies of what is streamed. */
      from(stream: ResponseStream, metadata: Omit<HttpResponse, 'body' | 'isBase64Encoded'>): ResponseStream
    }
  }

  namespace NodeJS {
    /** What every function finds in `process.env`, beside its own environment. */
    interface ProcessEnv {
      AWS_LAMBDA_FUNCTION_NAME?: string
      AWS_LAMBDA_FUNCTION_VERSION?: string
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE?: string
      AWS_REGION?: string
      /** The edge that runs the function. */
      SWARMLAMBDA_NODE_NAME?: string
      SWARMLAMBDA_REGION?: string
    }
  }
}
