// The one table of errors. Callers branch on `code`, never on text.

/** Every code, with the HTTP status and the AWS type a control call answers with. */
export const ERRORS = {
  CONFIG_INVALID: { status: 500, type: 'ServiceException' },
  /** Somebody listens on that port already. */
  ADDRESS_IN_USE: { status: 500, type: 'ServiceException' },
  ADDRESS_UNUSABLE: { status: 500, type: 'ServiceException' },
  /** A program of a local mesh did not come up. */
  START_FAILED: { status: 500, type: 'ServiceException' },
  STATE_DIR_IN_USE: { status: 500, type: 'ServiceException' },
  INVALID_PARAMETER: { status: 400, type: 'InvalidParameterValueException' },
  INVALID_REQUEST: { status: 400, type: 'InvalidRequestContentException' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, type: 'UnsupportedMediaTypeException' },
  FORBIDDEN: { status: 403, type: 'AccessDeniedException' },
  INCOMPLETE_SIGNATURE: { status: 400, type: 'IncompleteSignatureException' },
  INVALID_SIGNATURE: { status: 403, type: 'InvalidSignatureException' },
  UNKNOWN_ACCESS_KEY: { status: 403, type: 'UnrecognizedClientException' },
  NOT_FOUND: { status: 404, type: 'ResourceNotFoundException' },
  NO_PROVISIONED_CONCURRENCY: { status: 404, type: 'ProvisionedConcurrencyConfigNotFoundException' },
  CONFLICT: { status: 409, type: 'ResourceConflictException' },
  /** The revision that the caller saw is no longer the newest. */
  STALE: { status: 412, type: 'PreconditionFailedException' },
  METHOD_NOT_ALLOWED: { status: 405, type: 'MethodNotAllowedException' },
  TOO_LARGE: { status: 413, type: 'RequestTooLargeException' },
  TOO_MANY_REQUESTS: { status: 429, type: 'TooManyRequestsException' },
  BUNDLE_FAILED: { status: 400, type: 'InvalidParameterValueException' },
  LOAD_FAILED: { status: 400, type: 'InvalidParameterValueException' },
  /** Nothing was changed; it may be tried on another edge. */
  DISK_FULL: { status: 507, type: 'ServiceException' },
  STORE_DAMAGED: { status: 503, type: 'ServiceException' },
  REGISTRY_CORRUPT: { status: 500, type: 'ServiceException' },
  BLOB_MISSING: { status: 503, type: 'ServiceException' },
  PEER_UNREACHABLE: { status: 502, type: 'ServiceException' },
  /** The certificate authority does not do what is needed. */
  ACME_FAILED: { status: 502, type: 'ServiceException' },
  DEADLINE: { status: 504, type: 'ServiceException' },
  CLOSED: { status: 503, type: 'ServiceException' },
  INTERNAL: { status: 500, type: 'ServiceException' },
} as const satisfies Record<string, { status: number; type: string }>

export type ErrorCode = keyof typeof ERRORS

/** An error of this project: `code` is from {@link ERRORS}, `message` is for people. */
export class SwarmError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SwarmError'
    this.code = code
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The `code` of anything that was thrown, such as a system error's; null without one. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null

/** Why a connection failed: Node's error for a host name with several addresses has a message only in its parts. */
export const reasonOf = (error: unknown): string =>
  error instanceof AggregateError && error.errors.length > 0 ? messageOf(error.errors[0]) : messageOf(error)
