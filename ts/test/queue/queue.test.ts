// The queue of asynchronous invocations by itself: ages, order, what is on disk; with a clock that tests move.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createLog } from '../../lib/log.js'
import { openQueue, type Attempted, type Queue, type QueuedEvent, type Settings } from '../../lib/queue.js'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queue-'))
})
after(async () => await rm(folder, { recursive: true, force: true }))

const OK: Attempted = { kind: 'ok', response: '"done"', functionArn: 'arn', executedVersion: '$LATEST' }
const FAILED: Attempted = { ...OK, kind: 'failed', response: '{"errorMessage":"no"}' }

interface Bench {
  queue: Queue
  ran: QueuedEvent[]
  /** Resolves when that many attempts were begun. */
  attempts(count: number): Promise<void>
  clock: { now: number }
}

async function bench(name: string, attempt: (event: QueuedEvent) => Attempted | Promise<Attempted>, settings: Partial<Settings> = {}, clock = { now: 1_000 }): Promise<Bench> {
  const ran: QueuedEvent[] = []
  const began = new EventEmitter<{ attempt: [] }>()
  const queue = await openQueue({
    folder: join(folder, name),
    invoke: async (event) => {
      ran.push(event)
      began.emit('attempt')
      return await attempt(event)
    },
    settings: () => ({ maxRetries: 2, maxAgeMs: 60_000, onSuccess: null, onFailure: null, ...settings }),
    retryDelaysMs: [1, 1],
    clock: () => clock.now,
    log: createLog('silent'),
  })
  const attempts = async (count: number): Promise<void> => {
    const signal = AbortSignal.timeout(20_000)
    while (ran.length < count) await once(began, 'attempt', { signal })
  }
  return { queue, ran, attempts, clock }
}
const event = (id: string, name = 'f') => ({ id, name, qualifier: null, payload: '{"a":1}', clientContext: null })
async function until(look: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setImmediate(resolve))) if (look()) return
  throw new Error('it did not come')
}

test('an event that is too old for another try is given up, and the destination is told', async () => {
  const { attempts, clock, queue, ran } = await bench('age', ({ name }) => {
    clock.now += 60_000
    return name === 'f' ? FAILED : OK
  }, { onFailure: { name: 'listener', qualifier: null } })
  await queue.accept(event('old'))
  await attempts(2)
  const record = JSON.parse(ran[1]?.payload ?? '') as { requestContext: unknown; requestPayload: unknown; responsePayload: unknown }
  assert.deepEqual(record.requestContext, { requestId: 'old', functionArn: 'arn', condition: 'EventAgeExceeded', approximateInvokeCount: 1 })
  assert.deepEqual([record.requestPayload, record.responsePayload], [{ a: 1 }, { errorMessage: 'no' }])
  await queue.stop()
})

test('one that waited too long is not begun at all', async () => {
  const clock = { now: 1_000 }
  const { queue: first } = await bench('late', () => ({ kind: 'refused' }), {}, clock)
  await first.accept(event('late'))
  await first.stop()
  clock.now += 61_000
  const { queue, ran } = await bench('late', () => OK, {}, clock)
  await until(() => queue.depth() === 0)
  assert.deepEqual([ran.length, queue.deadLetters()[0]?.condition], [0, 'EventAgeExceeded'])
  await queue.stop()
})

test('dead letters are there after a restart, and go back as new', async () => {
  const { queue: first } = await bench('dead', () => FAILED, { maxRetries: 0 })
  await first.accept(event('dead'))
  await until(() => first.deadLetters().length === 1)
  await first.stop()
  const { attempts, queue, ran } = await bench('dead', () => OK)
  assert.deepEqual(queue.deadLetters().map(({ attempts: tried, condition, id }) => [id, condition, tried]), [['dead', 'RetriesExhausted', 1]])
  assert.equal(await queue.redrive('dead'), true)
  assert.equal(await queue.redrive('dead'), false)
  await attempts(1)
  assert.deepEqual([ran[0]?.attempts, queue.deadLetters()], [0, []])
  await queue.stop()
})

test('a file that nobody can read is set aside, and the rest goes on', async () => {
  const { queue: first } = await bench('bad', () => ({ kind: 'refused' }))
  await first.accept(event('good'))
  await first.stop()
  await writeFile(join(folder, 'bad/pending/torn.json'), '{"v":1,"id":"to')
  await writeFile(join(folder, 'bad/pending/half.json.tmp'), '{')
  const { attempts, queue } = await bench('bad', () => OK, {}, { now: 10_000 })
  await attempts(1)
  await until(() => queue.depth() === 0)
  assert.deepEqual(await readdir(join(folder, 'bad/pending')), ['torn.json.bad'])
  await queue.stop()
})

test('a slow function leaves room for others', async () => {
  let finish = (): void => undefined
  const slow = new Promise<Attempted>((resolve) => {
    finish = () => resolve(OK)
  })
  const { queue, ran } = await bench('fair', ({ name }) => (name === 'slow' ? slow : OK))
  await Promise.all(Array.from({ length: 40 }, (_, index) => queue.accept(event(`slow-${index}`, 'slow'))))
  await queue.accept(event('quick', 'quick'))
  await until(() => ran.some(({ name }) => name === 'quick'))
  assert.equal(ran.filter(({ name }) => name === 'slow').length, 8)
  finish()
  await until(() => queue.depth() === 0)
  await queue.stop()
})

test('the same event twice is one, and one of another edge is another’s once it took it', async () => {
  const { queue } = await bench('give', () => ({ kind: 'refused' }))
  await queue.accept(event('one'))
  await queue.accept(event('one'))
  await queue.accept(event('two'))
  assert.equal(queue.depth(), 2)
  await queue.stop()
  await assert.rejects(queue.accept(event('three')), { code: 'CLOSED' })
  const given: string[] = []
  await queue.handOver(({ id }) => Promise.resolve(given.push(id) > 0 && id === 'one'))
  assert.deepEqual([given.sort(), queue.depth()], [['one', 'two'], 1])
  const taken = await bench('take', () => OK)
  const one: QueuedEvent = { v: 1, ...event('one'), receivedAt: 1_000, notBefore: 0, attempts: 1, refusals: 0, hops: 0 }
  await taken.queue.adopt(one)
  await taken.attempts(1)
  assert.equal(taken.ran[0]?.attempts, 1)
  await taken.queue.stop()
})
