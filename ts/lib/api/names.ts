// How AWS names things: a function by its name, `name:qualifier`, a partial or a full ARN; and the ARNs of our answers.
import { SwarmError } from '../errors.js'

/** There are no accounts here. Twelve digits, because every client checks that. */
export const ACCOUNT = '000000000000'
const DEFAULT_REGION = 'us-east-1'

const REFERENCE =
  /^(?:arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:|(?:[a-z]{2}[a-z-]*-\d:)?\d{12}:(?:function:)?|function:)?([a-zA-Z0-9_-]{1,64})(?::(\$LATEST|[a-zA-Z0-9_-]{1,128}))?$/
const QUALIFIER = /^(?:\$LATEST|[a-zA-Z0-9_-]{1,128})$/

export interface Reference {
  name: string
  /** Null: none was given. */
  qualifier: string | null
}

/** A function as a path (decoded) and `?Qualifier=` name it, or `INVALID_PARAMETER`. */
export function parseReference(text: string, asked: string | null = null): Reference {
  const [, name, own] = REFERENCE.exec(text) ?? []
  if (name === undefined) {
    throw new SwarmError('INVALID_PARAMETER', `1 validation error detected: Value '${text.slice(0, 200)}' at 'functionName' failed to satisfy constraint: a name of 1 to 64 letters, digits, hyphens and underscores, or an ARN`)
  }
  if (asked !== null && !QUALIFIER.test(asked)) {
    throw new SwarmError('INVALID_PARAMETER', `1 validation error detected: Value '${asked.slice(0, 200)}' at 'qualifier' failed to satisfy constraint: $LATEST, a version or an alias`)
  }
  if (own !== undefined && asked !== null && own !== asked) {
    throw new SwarmError('INVALID_PARAMETER', 'The derived qualifier from the function name does not match the specified qualifier.')
  }
  return { name, qualifier: own ?? asked }
}

/** A version's number, which no alias can be. */
export const isVersion = (qualifier: string): boolean => /^\d+$/.test(qualifier)

/** Names in one answer: the region is the caller's, so that every edge says the same. */
export interface Arns {
  region: string
  function(name: string, qualifier?: string | null): string
}

export const arnsOf = (region: string): Arns => ({
  region,
  function: (name, qualifier = null) => `arn:aws:lambda:${region}:${ACCOUNT}:function:${name}${qualifier === null ? '' : `:${qualifier}`}`,
})

/** The region that a signed request is for; an unsigned one's is nobody's. */
export function regionOf(authorization: string | undefined): string {
  const [, region] = /Credential=[^/]+\/\d{8}\/((?:eusc-)?[a-z]{2}(?:-(?:gov|iso[a-z]?))?-[a-z]+-\d)\/lambda\//.exec(authorization ?? '') ?? []
  return region ?? DEFAULT_REGION
}
