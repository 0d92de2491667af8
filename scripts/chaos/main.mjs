// `npm run chaos [-- PROMISE… --quick --seed N]`: makes the faults that docs/reliability.md speaks of, on real edges, and
// prints what each promise came to. --quick: a few rounds of each, without limits of time; it runs in `npm test`. --built:
// builds nothing.
import { parseArgs } from 'node:util'
import { cpus, loadavg } from 'node:os'
import { build } from '../lib/steps.mjs'
import { bold, duration, green, main, red, Stop, table, yellow } from '../lib/terminal.mjs'
import { randomFrom } from './random.mjs'

/** By the number of the promise; loaded when asked for. */
const PROMISES = {
  1: () => import('./kill.mjs'),
  2: () => import('./once.mjs'),
  3: () => import('./retries.mjs'),
  4: () => import('./overload.mjs'),
  5: () => import('./durable.mjs'),
  6: () => import('./partitions.mjs'),
  7: () => import('./clocks.mjs'),
  8: () => import('./versions.mjs'),
  9: () => import('./strangers.mjs'),
  10: () => import('./soak.mjs'),
  11: () => import('./startup.mjs'),
  12: () => import('./scale.mjs'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, built: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' }, help: { type: 'boolean', default: false } },
})

/** One promise; a row for each thing that was measured. */
const keep = async (number, seed, quick) => {
  const { title, run } = await PROMISES[number]()
  process.stdout.write(`\n${bold(`${number}. ${title}`)}\n`)
  const startedAt = performance.now()
  const say = (text) => process.stdout.write(`   ${text}\n`)
  const rows = await run({ quick, seed, random: randomFrom(`${seed}/${number}`), say }).catch((error) => [
    { what: 'the run', figure: String(error?.message ?? error).split('\n')[0].slice(0, 120), limit: 'no error', met: false, error },
  ])
  for (const { error } of rows) if (error) process.stderr.write(`${error.stack ?? error}\n`)
  say(`took ${duration(performance.now() - startedAt)}`)
  return rows.map((row) => ({ ...row, promise: number }))
}

await main(async () => {
  if (values.help) {
    process.stdout.write('Usage: npm run chaos [-- PROMISE… --quick --seed N --built]\nAll of them take about an hour and a half on two cores.\nPromises:\n')
    for (const [number, load] of Object.entries(PROMISES)) process.stdout.write(`${number.padStart(4)}  ${(await load()).title}\n`)
    return 0
  }
  const unknown = positionals.find((number) => !(number in PROMISES))
  if (unknown !== undefined) throw new Stop(`There is no promise ${unknown} here: ${Object.keys(PROMISES).join(', ')}`)
  if (process.platform !== 'linux') throw new Stop('Faults are made with Linux\'s signals, namespaces and /proc: it needs Linux.')
  if (!values.built) await build(['native', 'engine', 'ts'])

  const verdict = ({ met }) => (met === null ? yellow('skipped') : met ? green('met') : red('NOT MET'))
  const show = (some) => process.stdout.write(`\n${table([['promise', 'figure', 'allowed', ''], ...some.map((row) => [`${row.promise}. ${row.what}`, row.figure, row.limit, verdict(row)])])}\n`)
  const beganAt = performance.now()
  const rows = []
  for (const number of positionals.length > 0 ? positionals : Object.keys(PROMISES)) {
    const some = await keep(number, values.seed, values.quick)
    show(some)
    rows.push(...some)
  }
  const broken = rows.filter(({ met }) => met === false)
  if (new Set(rows.map(({ promise }) => promise)).size > 1) show(rows)
  const took = duration(performance.now() - beganAt)
  process.stdout.write(`\n${rows.length} figures, ${broken.length} not met; seed ${values.seed}, ${took}, ${cpus().length} cores, load ${loadavg()[2].toFixed(1)}\n`)
  return broken.length > 0 ? 1 : 0
})
