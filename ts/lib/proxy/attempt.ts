// One request to one edge, streamed both ways.
//
// The one thing that must never be wrong: whether bytes of the request may have reached the edge. undici says
// onRequestStart immediately before it writes, so an error before that is one the next edge may be tried after.

import type { Duplex, Readable } from 'node:stream'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import { codeOf } from '../errors.js'
import { headerOf, responseHeaders } from './headers.js'

export interface Attempt {
  request: IncomingMessage
  response: ServerResponse
  pool: Pool
  path: string
  headers: string[]
  /** Null: there is none. */
  body: Readable | null
  via: string
  /** Which attempt this is, from 1. */
  number: number
  /** Earlier ones, as X-Swarm-Tries shows them. */
  tries: string
  /** Asked when the edge has an answer: another attempt may have been first, or a better one may come. */
  mayAnswer: (headers: readonly string[]) => boolean
  /** Another attempt has answered. */
  signal: AbortSignal
  /** The protocol asked for, and what to do when the edge agrees; null: an ordinary request. */
  upgrade: { protocol: string; onUpgrade: (headers: string[], socket: Duplex) => void } | null
  /** No keep-alive for the client any more. */
  isClosing: () => boolean
  /** Responses that have begun and have no end of their own: streams of events. */
  endless: Set<ServerResponse>
}

export type Outcome =
  /** The response was passed on whole, or the client went away. */
  | { type: 'done' }
  /** Nothing was sent to the edge. */
  | { type: 'unsent'; error: Error }
  /** Something may have been sent, and no whole response came back. */
  | { type: 'broken'; error: Error }
  /** The edge's answer was not wanted. */
  | { type: 'passed' }
  /** The request is one that cannot be sent to any edge. */
  | { type: 'invalid'; error: Error }

const UNSENDABLE = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])

const textsOf = (raw: unknown): string[] =>
  Array.isArray(raw) ? raw.map(part => (Buffer.isBuffer(part) ? part.toString('latin1') : String(part))) : []

/** Never rejects. */
export const attempt = (options: Attempt): Promise<Outcome> =>
  new Promise(resolve => {
    const { body, request, response, pool, signal, upgrade } = options
    let sending: Dispatcher.DispatchController | null = null
    let isClientGone = false
    let isPassed = false

    // undici listens while it owns the stream; afterwards an error of the client's half is nobody's news.
    body?.on('error', () => {})
    const settle = (outcome: Outcome): void => {
      response.off('close', onClientGone)
      response.off('drain', onDrain)
      signal.removeEventListener('abort', onPassed)
      body?.destroy()
      resolve(outcome)
    }
    const onClientGone = (): void => {
      if (response.writableFinished) return
      isClientGone = true
      sending?.abort(new Error('the client went away'))
      // Still waiting for a connection: undici is told when it starts.
      if (sending === null) settle({ type: 'done' })
    }
    const onPassed = (): void => {
      isPassed = true
      sending?.abort(new Error('another edge has answered'))
      if (sending === null) settle({ type: 'passed' })
    }
    const onDrain = (): void => sending?.resume()
    response.on('close', onClientGone)
    response.on('drain', onDrain)
    signal.addEventListener('abort', onPassed)
    if (response.destroyed) return onClientGone()
    if (signal.aborted) return onPassed()

    const onStart = (controller: Dispatcher.DispatchController): void => {
      sending = controller
      if (isClientGone || isPassed) controller.abort(new Error('nobody waits any more'))
    }
    const onHead = (raw: unknown, status: number, message: string | undefined): void => {
      // Informational: 100 was answered by this server, the others are hints.
      if (status < 200) return
      const given = textsOf(raw)
      if (!options.mayAnswer(given)) return onPassed()
      if (options.isClosing()) response.shouldKeepAlive = false
      const headers = responseHeaders(given, options.via, options.number, options.tries)
      response.writeHead(status, message ?? '', headers)
      // Without a length the body may be long in coming: a stream of events has its head before its first event.
      if (headerOf(headers, 'content-length') === null) response.flushHeaders()
      if (headerOf(headers, 'content-type')?.startsWith('text/event-stream')) {
        options.endless.add(response)
        response.on('close', () => options.endless.delete(response))
      }
    }
    try {
      pool.dispatch(
        {
          path: options.path,
          method: request.method ?? 'GET',
          headers: options.headers,
          body,
          upgrade: upgrade?.protocol ?? null,
        },
        {
          onRequestStart: onStart,
          onRequestUpgrade: (controller, _status, _headers, socket) => {
            upgrade?.onUpgrade(textsOf(controller.rawHeaders), socket)
            settle({ type: 'done' })
          },
          onResponseStart: (controller, status, _headers, message) => onHead(controller.rawHeaders, status, message),
          onResponseData: (controller, chunk) => {
            if (!isPassed && !response.write(chunk)) controller.pause()
          },
          onResponseEnd: () => {
            if (isPassed) return settle({ type: 'passed' })
            response.end()
            settle({ type: 'done' })
          },
          onResponseError: (_controller, error) => {
            // A client that goes away breaks the body it was sending, which is no fault of the edge.
            if (isPassed) settle({ type: 'passed' })
            else if (isClientGone || request.errored !== null) settle({ type: 'done' })
            else if (UNSENDABLE.has(codeOf(error) ?? '')) settle({ type: 'invalid', error })
            else settle({ type: sending === null ? 'unsent' : 'broken', error })
          },
        },
      )
    } catch (error) {
      settle({ type: 'invalid', error: error instanceof Error ? error : new Error(String(error)) })
    }
  })
