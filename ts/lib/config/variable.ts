// What a setting is: its names in the environment and in swarmlambda.toml, its schema, and the words for --help and for a wrong value.

import { z } from 'zod'
import { SwarmError } from '../errors.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** A variable that is set to nothing counts as one that is not set. */
export interface Variable<T = unknown> {
  readonly name: string
  /** Its place in swarmlambda.toml, such as `http.port`. */
  readonly key: string
  /** One sentence. */
  readonly about: string
  /** Ends the sentence "allowed: …". */
  readonly allowed: string
  /** What holds when it is not set, for people. */
  readonly unset: string
  readonly secret: boolean
  readonly schema: z.ZodType<T>
}

interface Definition<T> {
  name: string
  key: string
  about: string
  allowed: string
  schema: z.ZodType<T, string>
}

/** A variable with a default, written as the user would write it. */
export const variable = <T>({ schema, ...words }: Definition<T>, standard: string): Variable<T> => ({
  ...words,
  unset: standard,
  secret: false,
  schema: schema.prefault(standard),
})

/** A variable that is null when it is not set; `unset` says what that means. */
export const optional = <T>(
  { schema, ...words }: Definition<T>,
  unset: string,
  { secret = false } = {},
): Variable<T | null> => ({
  ...words,
  unset,
  secret,
  schema: schema.optional().transform(value => value ?? null),
})

const SHOWN_CHARACTERS = 120

/** A value that is wrong, for people: long ones in part, and nothing of a secret, whose mistake may be one letter. */
export const shown = ({ secret }: Variable, value: string): string => {
  if (secret) return `malformed (${value.length} characters, not shown)`
  if (value.length <= SHOWN_CHARACTERS) return JSON.stringify(value)
  return `${JSON.stringify(`${value.slice(0, SHOWN_CHARACTERS)}…`)} (${value.length} characters)`
}

/** The variable's value. Throws CONFIG_INVALID: one line that names the variable, its value and what is allowed. */
export const read = <T>(environment: Environment, variable: Variable<T>): T => {
  const text = environment[variable.name]?.trim() ?? ''
  const parsed = variable.schema.safeParse(text === '' ? undefined : text)
  if (parsed.success) return parsed.data
  throw new SwarmError('CONFIG_INVALID', `${variable.name} is ${shown(variable, text)}; allowed: ${variable.allowed}`)
}

/** The part of --help about variables, one paragraph each. */
export const describeVariables = (variables: readonly Variable[]): string =>
  variables
    .map(({ name, key, about, allowed, unset }) => `  ${name} (${key})\n      ${about}\n      Allowed: ${allowed}. Default: ${unset}.`)
    .join('\n')
