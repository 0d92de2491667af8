// The host's log: one line an event, to stderr. stdout belongs to what a program prints for its user.

/** From the quietest to the loudest. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** `json`: an object a line, with `time`, `level`, `message` and the fields. */
export const LOG_FORMATS = ['text', 'json'] as const

export type LogFormat = (typeof LOG_FORMATS)[number]

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface Log {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

const BARE = /^[\w.:/@+%,-]+$/

const field = (value: string | number | boolean | null): string => {
  const text = String(value)
  return BARE.test(text) ? text : JSON.stringify(text)
}

/** `2025-01-31T12:00:00.000Z warn edge is down edge=127.0.0.1:8787`, whatever the message holds. */
export const formatLine = (level: LogLevel, at: Date, message: string, fields: LogFields = {}): string => {
  let line = `${at.toISOString()} ${level} ${message.replace(/[\u0000-\u001f\u007f]+/g, ' ')}`
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) line += ` ${name}=${field(value)}`
  return line
}

/** The same as JSON; `context` is on every line. */
export const formatJson = (level: LogLevel, at: Date, message: string, fields: LogFields = {}, context: LogFields = {}): string =>
  JSON.stringify({ time: at.toISOString(), level, message, ...context, ...fields })

const toStderr = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** A log that may become louder, or quieter. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void
}

export interface LogOptions {
  format?: LogFormat
  /** Of every line in JSON, such as the edge's name. */
  context?: LogFields
  write?: (line: string) => void
}

/** A log that writes what is at or below `level`, each line without its newline to `write`: to stderr. */
export const createLog = (level: LogLevel, { context, format = 'text', write = toStderr }: LogOptions = {}): AdjustableLog => {
  let loudest = LOG_LEVELS.indexOf(level)
  const at =
    (name: Exclude<LogLevel, 'silent'>) =>
    (message: string, fields?: LogFields): void => {
      if (LOG_LEVELS.indexOf(name) <= loudest) write(format === 'json' ? formatJson(name, new Date(), message, fields, context) : formatLine(name, new Date(), message, fields))
    }
  const setLevel = (next: LogLevel): void => {
    loudest = LOG_LEVELS.indexOf(next)
  }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), setLevel }
}

/** A log that says nothing, for tests. */
export const SILENT: Log = createLog('silent')
