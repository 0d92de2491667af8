// How many questions a second one edge answers by DNS, on one core: dnsperf asks for names of the zone, A, AAAA and SRV mixed, over UDP.
// Needs dnsperf.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from '../scripts/lib/ports.mjs'
import { run as runProgram } from '../scripts/lib/run.mjs'
import { Stop } from '../scripts/lib/terminal.mjs'
import { startEdge } from './candidates.mjs'

const ZONE = 'fn.example'
const QUESTIONS = Array.from({ length: 1_000 }, (_, index) => `name-${index}.${ZONE} ${['A', 'A', 'AAAA', 'A'][index % 4]}`)
const SRV = `_http._tcp.${ZONE} SRV`
/** /proc counts CPU time in these. */
const TICKS_PER_SECOND = 100

const cpuSeconds = async (pid) => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export const dns = {
  async run({ children, pin, quick, stateDir }) {
    const folder = join(stateDir, 'dns')
    await mkdir(folder)
    const [port] = await freePorts(1)
    const env = { SWARMLAMBDA_DNS: 'on', SWARMLAMBDA_DNS_PORT: String(port), SWARMLAMBDA_DNS_ZONE: ZONE, SWARMLAMBDA_DNS_CAA: 'ca.example' }
    const edge = await startEdge(children, join(folder, 'edge'), pin.server, env)
    const questions = join(folder, 'questions')
    await writeFile(questions, [...QUESTIONS, SRV].map((line) => `${line}\n`).join(''))
    const before = await cpuSeconds(edge.pid)
    const args = ['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-l', quick ? '2' : '10', '-q', '128', '-c', '8']
    const { code, output } = await runProgram('dnsperf', args, { collect: true }).catch(() => ({ code: 1, output: 'there is no dnsperf here' }))
    const used = (await cpuSeconds(edge.pid)) - before
    await children.kill('edge')
    const figure = (name) => Number(new RegExp(`${name}: *([\\d.]+)`).exec(output)?.[1])
    const completed = figure('Queries completed')
    if (code !== 0 || !(completed > 0)) throw new Stop(output.trim())
    return {
      title: 'questions answered by DNS',
      figures: [
        ['answers a second', Math.round(figure('Queries per second')).toLocaleString('en')],
        ['CPU for each answer', `${((used / completed) * 1e6).toFixed(1)} µs, or ${Math.round(completed / used).toLocaleString('en')} a second of one core`],
        ['without an answer', `${figure('Queries lost')} of ${completed.toLocaleString('en')}`],
      ],
    }
  },
}
