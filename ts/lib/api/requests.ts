// What crosses the border to the native gateway for everything that is no invocation, unpacked and packed.
import { ERRORS, messageOf, SwarmError, type ErrorCode } from '../errors.js'
import type { Grant } from './grants.js'
import { HANDLER_MODULE } from '../bundle.js'
import type { ControlRequest, ControlResponse } from '../native.js'

/** A control request with its headers by lower-case name. */
export interface Request {
  method: string
  /** Percent-encoded, without the query. */
  path: string
  query: URLSearchParams
  /** As it came. */
  rawQuery: string
  headers: ReadonlyMap<string, string>
  body: Buffer
  /** What the caller may do; checked by the guard. */
  grant: Grant
}

/** Before the guard has looked. */
const NOBODY: Grant = { role: 'invoker', functions: [] }

/** Repeated headers are joined, except Host, Origin and Authorization, where a second one is a trick. */
export function unpack({ method, path, query, headers, body }: ControlRequest): Request {
  const byName = new Map<string, string>()
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    const value = headers[index + 1] ?? ''
    const before = byName.get(name)
    if (before !== undefined && SINGLE.has(name)) throw new SwarmError('INVALID_REQUEST', `the header ${name} is there twice`)
    byName.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return { method, path, query: new URLSearchParams(query ?? ''), rawQuery: query ?? '', headers: byName, body, grant: NOBODY }
}

const SINGLE: ReadonlySet<string> = new Set(['host', 'origin', 'authorization', 'content-type'])

export const json = (status: number, value: unknown, headers: readonly string[] = []): ControlResponse => ({
  status,
  headers: ['content-type', 'application/json', ...headers],
  body: Buffer.from(JSON.stringify(value)),
})

export const isJson = (contentType: string | undefined): boolean => /^application\/json\s*(;|$)/i.test(contentType ?? '')
export const isArchive = (contentType: string | undefined): boolean => /^application\/(zip|x-zip-compressed)\s*(;|$)/i.test(contentType ?? '')

export const empty = (status: number): ControlResponse => ({ status, headers: [], body: Buffer.alloc(0) })

export const text = (status: number, contentType: string, value: string): ControlResponse => ({
  status,
  headers: ['content-type', contentType],
  body: Buffer.from(value),
})

/** Lambda's error shape; a deploy that does not parse or load also says where, for programs. */
export function failure(error: unknown, headers: readonly string[] = []): ControlResponse {
  const code: ErrorCode = error instanceof SwarmError ? error.code : 'INTERNAL'
  const { status, type } = ERRORS[code]
  const message = withoutHandlerModule(messageOf(error))
  const place = code === 'BUNDLE_FAILED' || code === 'LOAD_FAILED' ? placeOf(message) : {}
  const body = { Type: status < 500 ? 'User' : 'Service', Message: status < 500 || error instanceof SwarmError ? message : 'internal error', ...place }
  return json(status, body, ['x-amzn-errortype', type, ...headers])
}

const PLACE = /^(.+?):(\d+):(\d+): /

function placeOf(message: string): { file?: string; line?: number; column?: number } {
  const [, file, line, column] = PLACE.exec(message) ?? []
  return file === undefined ? {} : { file, line: Number(line), column: Number(column) }
}

/** The lines that pick the handler are ours; their position says nothing to the author of the function. */
const withoutHandlerModule = (message: string): string => (message.startsWith(HANDLER_MODULE) ? message.replace(PLACE, '') : message)

/** Some of the model's errors spell it `Message`, others `message`: clients read the one they know. */
export function spelled(response: ControlResponse): ControlResponse {
  const body = JSON.parse(response.body.toString()) as Record<string, unknown>
  return { ...response, body: Buffer.from(JSON.stringify({ ...body, message: body['Message'] })) }
}
