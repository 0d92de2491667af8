// How the mesh and the registry tell what they do. The host decides where it goes.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line for people, with the figures apart from the words. */
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void

export const silentLog: Log = () => undefined
