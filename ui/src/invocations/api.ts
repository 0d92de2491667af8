// Invoking a function, and what is known of invocations that were.
import type { InvocationDetail, InvocationSummary, Try, TryClass } from '../../../ts/lib/snapshot.ts'
import { callJson, send } from '../mesh/http.ts'
import { isInvocation, isRecord } from '../mesh/parse.ts'
import { isTryClass, parseTries } from './receipt.ts'

export interface Invocation {
  status: number
  /** As received. */
  payload: string
  /** Name of the edge whose outcome it is. */
  edge: string | null
  tries: Try[]
  requestId: string | null
  /** `X-Amz-Function-Error`: the function ran and failed. */
  functionError: string | null
  /** Type of an error of the platform, e.g. `ResourceNotFoundException`. */
  errorType: string | null
  logs: string
  /** As the page saw it, milliseconds. */
  ms: number
}

/** What one edge made of an event. */
export interface Replayed {
  edge: string
  class: TryClass
  ms: number
  /** As the handler returned it, or the error. */
  result: string
}

export interface Filter {
  function?: string
  /** Name of an edge. */
  edge?: string
}

/** Longer than any function may run, times the tries of a failover. */
const INVOKE_TIMEOUT_MS = 120_000
const LIST_LIMIT = 200

/** The address of a function's invocations, relative to the page. */
export function invocationPath(name: string, qualifier: string | null = null): string {
  return `2015-03-31/functions/${encodeURIComponent(name)}/invocations${qualifier === null ? '' : `?Qualifier=${encodeURIComponent(qualifier)}`}`
}

/** The edges remember it whole. Answers for every status that is a receipt; throws only when nothing answered. */
export async function invoke(name: string, event: string, qualifier: string | null = null): Promise<Invocation> {
  const started = performance.now()
  const response = await send(invocationPath(name, qualifier), {
    method: 'POST', body: event, headers: { 'x-amz-log-type': 'Tail', 'x-swarm-record': '1' }, timeoutMs: INVOKE_TIMEOUT_MS,
  })
  const payload = await response.text()
  return {
    status: response.status,
    payload,
    edge: response.headers.get('x-swarm-edge'),
    tries: parseTries(response.headers.get('x-swarm-tries')),
    requestId: response.headers.get('x-amzn-requestid'),
    functionError: response.headers.get('x-amz-function-error'),
    errorType: response.ok ? null : response.headers.get('x-amzn-errortype') ?? `HTTP ${response.status}`,
    logs: decodeLogs(response.headers.get('x-amz-log-result')),
    ms: performance.now() - started,
  }
}

export async function readInvocations(filter: Filter, signal: AbortSignal): Promise<InvocationSummary[]> {
  const query = new URLSearchParams({ ...filter, limit: String(LIST_LIMIT) })
  const body = await callJson(`invocations?${query}`, { signal })
  const list: unknown = isRecord(body) ? body['invocations'] : []
  return Array.isArray(list) ? list.filter((each): each is InvocationSummary => isInvocation(each)) : []
}

export async function readInvocation(requestId: string, signal: AbortSignal): Promise<InvocationDetail> {
  const body = await callJson(`invocations/${encodeURIComponent(requestId)}`, { signal })
  if (!isInvocation(body) || !isRecord(body)) throw new Error('The edge told of this invocation in a way this page does not know.')
  return { version: '$LATEST', error: null, traceId: null, logs: [], event: null, result: null, ...body } as unknown as InvocationDetail
}

/** On that edge (its id) and nowhere else. */
export async function invokeOn(edge: string, name: string, qualifier: string | null, event: string): Promise<Replayed> {
  const body = await callJson(`edges/${encodeURIComponent(edge)}/invoke`, {
    method: 'POST', body: { function: name, qualifier, event }, timeoutMs: INVOKE_TIMEOUT_MS,
  })
  const kind = isRecord(body) ? String(body['class']) : ''
  if (!isRecord(body) || !isTryClass(kind)) throw new Error('The edge answered in a way this page does not know.')
  return { edge: String(body['edge']), class: kind, ms: Number(body['ms']), result: String(body['result']) }
}

function decodeLogs(header: string | null): string {
  if (header === null) return ''
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(header), (char) => char.codePointAt(0) ?? 0))
  } catch {
    return ''
  }
}
