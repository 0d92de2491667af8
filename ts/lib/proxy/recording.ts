// A request's body, kept while it is passed on, so that it can be sent once more from its beginning. Bounded: what is larger
// than an event may be is passed on all the same, and sent only once.

import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'

export interface Recording {
  /** The whole body, from its beginning; null: there is none. It takes nothing from the client before it is read. */
  read(): Readable | null
  /** Whether `read` may be called once more. */
  isWhole(): boolean
  /** Nobody will ask for it again. */
  forget(): void
}

/** The largest event a function takes. */
const MAX_BYTES = 6 * 2 ** 20
/** Of all requests together. */
const MAX_BYTES_IN_ALL = 256 * 2 ** 20

let bytesInAll = 0

/** Null without a body. */
export const recordBody = (request: IncomingMessage): Recording => {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (encoding === undefined && (length === undefined || Number(length) === 0)) {
    return { read: () => null, isWhole: () => true, forget: () => {} }
  }
  const source = request.iterator({ destroyOnReturn: false })
  let chunks: Buffer[] = []
  let bytes = 0
  let isEnded = false
  let keeps = true
  let pulling: Promise<void> | null = null

  const forget = (): void => {
    keeps = false
    chunks = []
    bytesInAll -= bytes
    bytes = 0
  }
  const pull = async (): Promise<void> => {
    const next = await source.next()
    if (next.done === true) {
      isEnded = true
      return
    }
    const chunk = next.value as Buffer
    chunks.push(chunk)
    if (!keeps) return
    bytes += chunk.length
    bytesInAll += chunk.length
    if (bytes > MAX_BYTES || bytesInAll > MAX_BYTES_IN_ALL) {
      forget()
      chunks.push(chunk)
    }
  }

  async function* chunksFromTheStart(): AsyncGenerator<Buffer> {
    let at = 0
    for (;;) {
      // Without a copy there is one reader, and it takes what comes.
      const chunk = keeps ? chunks[at++] : chunks.shift()
      if (chunk !== undefined) yield chunk
      else if (isEnded) return
      else {
        if (keeps) at -= 1
        // Two readers at the end wait for the same chunk.
        pulling ??= pull().finally(() => {
          pulling = null
        })
        await pulling
      }
    }
  }

  return {
    read: () => Readable.from(chunksFromTheStart(), { objectMode: false }),
    isWhole: () => keeps,
    forget,
  }
}
