// What one edge asks another about its invocations, and the answer. The same question is put to this edge itself.
import { z } from 'zod'
import type { Engine } from '../native.js'
import { recordOf, recordSchema, type RecordOf } from './records.js'
import { stepSchema, type Series } from './series.js'

/** Method of the mesh's RPC. */
export const OBSERVE = 'observe'
/** A question waits at most so long for the first invocation that is wanted. */
export const MAX_WAIT_MS = 8_000
/** How often somebody who waits is told. */
const LOOK_EVERY_MS = 200
const MAX_WAITING = 512
/** Of an answer, before it is JSON. The RPC carries 8 MB. */
const MAX_ANSWER_CHARS = 3 << 20

export const askSchema = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('recent'),
    /** After this `seq`; null: from now on, and the answer says where that is. */
    since: z.number().nonnegative().nullable(),
    limit: z.number().int().min(0).max(10_000),
    name: z.string().max(256).nullable(),
    requestId: z.string().max(128).nullable(),
    logging: z.boolean(),
    /** With events, results and logs. */
    whole: z.boolean(),
    /** Milliseconds to wait when there is none. */
    wait: z.number().min(0).max(MAX_WAIT_MS),
  }),
  z.object({ do: z.literal('series'), name: z.string().max(256) }),
])

export type Ask = z.infer<typeof askSchema>
export type RecentAsk = Extract<Ask, { do: 'recent' }>

export const answerSchema = z.object({
  records: z.array(recordSchema).default([]),
  /** Where to go on. */
  last: z.number().default(0),
  /** Some after `since` were dropped before anybody asked. */
  gap: z.boolean().default(false),
  steps: z.array(stepSchema).default([]),
})

export type Answer = z.infer<typeof answerSchema>

export interface Answering {
  answer(ask: Ask, signal?: AbortSignal): Promise<Answer>
}

export interface AnsweringOptions {
  edge: string
  engine: Pick<Engine, 'recent'>
  series: Pick<Series, 'of'>
  clock: () => number
}

export function openAnswering({ clock, edge, engine, series }: AnsweringOptions): Answering {
  let waiting = 0

  const look = (ask: RecentAsk): Answer => {
    // Microseconds, as `seq`.
    if (ask.since === null) return { ...NOTHING, last: clock() * 1_000 }
    const { limit, logging, name, requestId, since, whole } = ask
    const { dropped, records } = engine.recent({ since, limit, name, requestId, logging })
    const last = records.at(-1)?.seq ?? since
    return { ...NOTHING, records: bounded(records.map((record) => slim(recordOf(edge, record), whole))), last, gap: since > 0 && dropped > since }
  }

  const wait = async (ask: RecentAsk, signal: AbortSignal | undefined): Promise<Answer> => {
    const until = clock() + ask.wait
    waiting += 1
    try {
      for (;;) {
        const answer = look(ask)
        if (answer.records.length > 0 || ask.since === null || clock() >= until || signal?.aborted || waiting > MAX_WAITING) return answer
        await new Promise<void>((resolve) => setTimeout(resolve, LOOK_EVERY_MS).unref())
      }
    } finally {
      waiting -= 1
    }
  }

  return {
    answer: async (ask, signal) => (ask.do === 'series' ? { ...NOTHING, steps: series.of(ask.name) } : wait(ask, signal)),
  }
}

const NOTHING: Answer = { records: [], last: 0, gap: false, steps: [] }

/** What a list shows needs of a result only the error. */
const slim = (record: RecordOf, whole: boolean): RecordOf =>
  whole ? record : { ...record, logs: '', event: null, result: record.class === 'ok' ? null : record.result }

/** The newest ones whose text fits into an answer. */
function bounded(records: RecordOf[]): RecordOf[] {
  let chars = 0
  const from = records.findLastIndex(({ event, logs, result }) => {
    chars += logs.length + (event?.length ?? 0) + (result?.length ?? 0) + 500
    return chars > MAX_ANSWER_CHARS
  })
  return records.slice(from + 1)
}
