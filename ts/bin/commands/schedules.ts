// swarmlambda schedules: functions that the mesh calls at set times.
import type { Command } from 'commander'
import { SwarmError } from '../../lib/errors.js'
import { openSession, withEdge, type EdgeOptions } from './edge-options.js'
import { ago, table } from './output.js'

interface Schedule {
  name: string
  function: string
  expression: string
  timezone: string
  enabled: boolean
  next: string | null
  last: { time: string; edge: string } | null
}

interface SetOptions extends EdgeOptions {
  timezone?: string
  input?: string
  description?: string
  disabled?: boolean
}

export function add(program: Command): void {
  const schedules = program.command('schedules').description('functions that the mesh calls at set times')
  withEdge(schedules.command('ls').description('lists the schedules, when each fires next, and where it did last')).action(async (options: EdgeOptions) => {
    const { client, say, show } = await openSession(options)
    const listed = await client.json<{ schedules: Schedule[] }>('GET', '/schedules')
    const rows = listed.schedules.map(({ enabled, expression, function: name, last, name: schedule, next, timezone }) => [schedule, name, `${expression}${timezone === 'UTC' ? '' : ` ${timezone}`}`, enabled ? (next ?? 'never') : 'disabled', last === null ? '-' : `${ago(last.time)} on ${last.edge}`])
    if (rows.length === 0) say("no schedule yet: swarmlambda schedules set nightly hello 'cron(0 2 * * ? *)'")
    show(listed, () => (rows.length === 0 ? '' : table([['SCHEDULE', 'FUNCTION', 'EXPRESSION', 'NEXT', 'LAST'], ...rows])))
  })
  withEdge(schedules.command('set').description('makes a schedule, or changes it'))
    .argument('<name>', 'of the schedule')
    .argument('<function>', 'a name, name:version or name:alias')
    .argument('<expression>', "'rate(5 minutes)', or 'cron(minutes hours day month weekday year)'")
    .option('--timezone <name>', 'such as Europe/Berlin (default: UTC)')
    .option('--input <json>', "what the function gets instead of a scheduled event")
    .option('--description <text>', 'description')
    .option('--disabled', 'do not fire until it is set again without this')
    .action(async (name: string, reference: string, expression: string, { description, disabled, input, timezone, ...options }: SetOptions) => {
      const { client, say, show } = await openSession(options)
      const set = await client.json<Schedule>('PUT', `/schedules/${encodeURIComponent(name)}`, {
        function: reference,
        expression,
        enabled: !disabled,
        ...(timezone !== undefined && { timezone }),
        ...(description !== undefined && { description }),
        ...(input !== undefined && { input: jsonOf(input) }),
      })
      say(`${name} calls ${reference}${set.next === null ? '' : `, next at ${set.next}`}`)
      if (options.json) show(set, () => '')
    })
  withEdge(schedules.command('rm').description('deletes a schedule'))
    .argument('<name>', 'of the schedule')
    .action(async (name: string, options: EdgeOptions) => {
      const { client, say, show } = await openSession(options)
      await client.call('DELETE', `/schedules/${encodeURIComponent(name)}`)
      say(`deleted ${name}`)
      if (options.json) show({ deleted: name }, () => '')
    })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SwarmError('CONFIG_INVALID', `--input is no JSON: ${String(cause).replace(/^SyntaxError: /, '')}`, { cause })
  }
}
