// Schedules over HTTP: `PUT`, `GET`, `DELETE /schedules/{name}`. Each is a record of the registry.
import { z } from 'zod'
import type { Schedules } from '../api/control.js'
import { covers, type Grant } from '../api/grants.js'
import { parseReference } from '../api/names.js'
import { check, parseJson } from '../api/schemas.js'
import { SwarmError } from '../errors.js'
import { keyOfSchedule, qualifiedKey, scheduleOf } from '../registry/parts.js'
import { isItem, type AnyRecord, type ItemRecord } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import type { Claims } from './claims.js'
import { isTimezone, parseExpression, type Slots } from './expression.js'

const MAX_INPUT_BYTES = 65_536
const MAX_SCHEDULES = 1_000
const NAME = /^[a-zA-Z0-9_-]{1,64}$/

/** The body of `PUT /schedules/{name}`. */
export const scheduleSchema = z.strictObject({
  /** A name, `name:qualifier` or an ARN. */
  function: z.string('must be the name of a function').max(256),
  expression: z.string('must be rate(…) or cron(…)').max(256),
  timezone: z.string('must be the name of a time zone').max(64).refine(isTimezone, 'is no time zone: use a name such as Europe/Berlin').default('UTC'),
  /** What the function gets instead of EventBridge's event: any JSON. */
  input: z.unknown().optional(),
  enabled: z.boolean('must be true or false').default(true),
  description: z.string('must be a string').max(256, 'at most 256 characters').default(''),
})

/** As the registry has it. */
export type Schedule = z.infer<typeof scheduleSchema> & { name: string; slots: Slots; createdAt: number; lastModified: number }

const stored = (record: ItemRecord, shortestMs: number): Schedule | null => {
  const name = scheduleOf(record.name)
  const value = scheduleSchema.safeParse(record.value).data
  if (name === null || !value) return null
  try {
    const slots = parseExpression(value.expression, { timezone: value.timezone, anchor: record.lastModified, shortestMs })
    return { ...value, name, slots, createdAt: record.createdAt, lastModified: record.lastModified }
  } catch {
    return null
  }
}

/** What the record is as a schedule; null: none, or one that this version does not understand. */
export const readSchedule = (record: AnyRecord | null, shortestMs: number): Schedule | null => (record !== null && isItem(record) ? stored(record, shortestMs) : null)

export const allSchedules = (registry: Pick<Registry, 'allParts'>, shortestMs: number): Schedule[] =>
  registry
    .allParts()
    .map((part) => readSchedule(part, shortestMs))
    .filter((schedule) => schedule !== null)

export interface ScheduleApiOptions {
  registry: Pick<Registry, 'allParts' | 'get' | 'item' | 'put' | 'publish'>
  claims: Pick<Claims, 'last'>
  /** Names of edges by their id. */
  nameOf: (edge: string) => string
  shortestMs: number
  clock: () => number
}

export function openScheduleApi({ claims, clock, nameOf, registry, shortestMs }: ScheduleApiOptions): Schedules {
  const find = (name: string, grant: Grant): Schedule => {
    if (!NAME.test(name)) throw new SwarmError('INVALID_PARAMETER', 'name: must be 1 to 64 letters, digits, - or _')
    const schedule = readSchedule(registry.item(keyOfSchedule(name)), shortestMs)
    if (schedule === null) throw new SwarmError('NOT_FOUND', `no schedule ${name}`)
    mustCover(grant, schedule.function)
    return schedule
  }

  /** Times are ISO 8601. */
  const shown = ({ createdAt, lastModified, name, slots, ...value }: Schedule): unknown => {
    const next = value.enabled ? slots.after(clock()) : null
    const fired = claims.last(name)
    return {
      name,
      ...value,
      createdAt: iso(createdAt),
      lastModified: iso(lastModified),
      next: next === null ? null : iso(next),
      last: fired === null || fired.slot < createdAt ? null : { time: iso(fired.slot), edge: nameOf(fired.edge) },
    }
  }

  return {
    list: (grant) =>
      allSchedules(registry, shortestMs)
        .filter((schedule) => covers(grant, parseReference(schedule.function).name))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map(shown),
    get: (name, grant) => shown(find(name, grant)),
    async put(name, body, grant) {
      const key = keyOfSchedule(name)
      const before = registry.item(key)
      if (before !== null) find(name, grant)
      else if (!NAME.test(name)) throw new SwarmError('INVALID_PARAMETER', 'name: must be 1 to 64 letters, digits, - or _')
      const value = check(scheduleSchema, parseJson(body))
      mustCover(grant, value.function)
      mustExist(registry, value.function)
      parseExpression(value.expression, { timezone: value.timezone, anchor: 0, shortestMs })
      if (Buffer.byteLength(JSON.stringify(value.input ?? null)) > MAX_INPUT_BYTES) throw new SwarmError('INVALID_PARAMETER', `input: at most ${MAX_INPUT_BYTES} bytes`)
      if (before === null && allSchedules(registry, shortestMs).length >= MAX_SCHEDULES) throw new SwarmError('TOO_MANY_REQUESTS', `at most ${MAX_SCHEDULES} schedules`)
      const same = before !== null && JSON.stringify(before.value) === JSON.stringify(value)
      if (!same) await registry.put({ type: 'item', name: key, value })
      return { created: before === null, schedule: shown(find(name, grant)) }
    },
    async remove(name, grant) {
      find(name, grant)
      await registry.publish({ type: 'delete', name: keyOfSchedule(name) })
    },
  }
}

function mustCover(grant: Grant, reference: string): void {
  const { name } = parseReference(reference)
  if (!covers(grant, name)) throw new SwarmError('FORBIDDEN', `User with the role ${grant.role} (functions ${grant.functions.join(', ')}) is not authorized to schedule the function ${name}`)
}

function mustExist(registry: Pick<Registry, 'get' | 'item'>, reference: string): void {
  const { name, qualifier } = parseReference(reference)
  const key = qualifier === null || qualifier === '$LATEST' ? name : qualifiedKey(name, qualifier)
  if (registry.get(key) === null && registry.item(key) === null) throw new SwarmError('INVALID_PARAMETER', `function: there is no ${key}: deploy it first`)
}

const iso = (at: number): string => new Date(at).toISOString()
