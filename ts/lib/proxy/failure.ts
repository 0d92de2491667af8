// What the proxy answers by itself, in the shape of Lambda's errors.

import type { ServerResponse } from 'node:http'

export interface Failure {
  status: 400 | 408 | 431 | 502 | 503 | 504 | 508
  message: string
}

/** Seconds after which a client may try again; edges are checked twice a second. */
const RETRY_AFTER_SECONDS = 1

const AWS_TYPE = { user: 'BadRequestException', service: 'ServiceException' } as const

const parts = ({ status, message }: Failure): { headers: string[]; body: string } => {
  const isUser = status < 500
  const body = JSON.stringify({ Type: isUser ? 'User' : 'Service', Message: message })
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'X-Amzn-ErrorType',
    isUser ? AWS_TYPE.user : AWS_TYPE.service,
  ]
  if (status === 503) headers.push('Retry-After', String(RETRY_AFTER_SECONDS))
  return { headers, body }
}

/** Answers with the failure, or cuts the connection when the answer has begun. */
export const fail = (response: ServerResponse, failure: Failure, attempts: number): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { headers, body } = parts(failure)
  response.writeHead(failure.status, [...headers, 'X-Swarm-Proxy', String(attempts)])
  response.end(body)
}

const REASONS = { 400: 'Bad Request', 408: 'Request Timeout', 431: 'Request Header Fields Too Large' } as const

/** The whole answer to bytes that are no request, after which the connection is closed. */
export const rawFailure = (status: 400 | 408 | 431, message: string): string => {
  const { headers, body } = parts({ status, message })
  const lines = [`HTTP/1.1 ${status} ${REASONS[status]}`, 'Connection: close']
  for (let index = 0; index + 1 < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
