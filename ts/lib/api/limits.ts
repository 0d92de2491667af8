// Every limit of a function, once: what a deploy may say, what `GET /limits` tells.
import { MAX_ARCHIVE_BYTES, MAX_ASSET_BYTES, MAX_UNPACKED_BYTES } from '../bundle.js'

/** A limit that a deploy may change, or a fixed one, whose `min` and `max` are its value. */
export interface Limit {
  /** Field of `POST /functions`; null: it is fixed. */
  field: string | null
  /** null: none. */
  default: number | null
  min: number
  max: number
  unit: 'MB' | 's' | 'bytes' | 'edges' | 'invocations' | 'requests' | 'files'
  /** What comes of reaching it. */
  error: string
}

const MIB = 2 ** 20
const fixed = (value: number, unit: Limit['unit'], error: string): Limit => ({ field: null, default: value, min: value, max: value, unit, error })

/** By name. Sizes of memory and /tmp in MiB, as AWS counts them. */
export const LIMITS = {
  /** QuickJS and what a function may use need a few MB before the first line runs. */
  memory: { field: 'memorySize', default: 128, min: 16, max: 10_240, unit: 'MB', error: 'Runtime.OutOfMemory' },
  timeout: { field: 'timeout', default: 3, min: 0.001, max: 900, unit: 's', error: 'Sandbox.Timedout' },
  concurrency: { field: 'concurrency', default: null, min: 0, max: 1_000, unit: 'invocations', error: '429 TooManyRequestsException, Reason ReservedFunctionConcurrentInvocationLimitExceeded' },
  replicas: { field: 'replicas', default: null, min: 1, max: 1_000, unit: 'edges', error: 'the other edges pass invocations on to one that has it' },
  logs: { field: 'limits.logBytes', default: 256 * 1024, min: 0, max: MIB, unit: 'bytes', error: 'what follows is dropped, and a last line says so' },
  tmp: { field: 'limits.tmpMb', default: 512, min: 1, max: 10_240, unit: 'MB', error: 'ENOSPC' },
  fetchCount: { field: 'limits.fetchCount', default: 50, min: 0, max: 1_000, unit: 'requests', error: 'TypeError, cause.code ERR_SWARM_FETCH_COUNT' },
  fetchBytes: { field: 'limits.fetchBytes', default: 100 * MIB, min: 0, max: 1024 * MIB, unit: 'bytes', error: 'TypeError, cause.code ERR_SWARM_FETCH_BYTES' },
  event: fixed(6 * MIB, 'bytes', '413 RequestTooLargeException'),
  /** Of an asynchronous invocation. */
  asyncEvent: fixed(MIB, 'bytes', '413 RequestTooLargeException'),
  response: fixed(6 * MIB, 'bytes', 'Function.ResponseSizeTooLarge'),
  streamedResponse: fixed(200 * MIB, 'bytes', 'Function.ResponseSizeTooLarge'),
  initialization: fixed(10, 's', 'the deploy is refused: 400 InvalidParameterValueException'),
  archive: fixed(MAX_ARCHIVE_BYTES, 'bytes', '400 InvalidParameterValueException'),
  archiveUnpacked: fixed(MAX_UNPACKED_BYTES, 'bytes', '400 InvalidParameterValueException'),
  assets: fixed(MAX_ASSET_BYTES, 'bytes', '400 InvalidParameterValueException'),
  environment: fixed(4_096, 'bytes', '400 InvalidParameterValueException'),
} as const satisfies Record<string, Limit>
