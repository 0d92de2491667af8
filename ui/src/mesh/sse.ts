// Server-sent events over fetch, because an EventSource can send no token. The parser is pure.
import { ApiError, errorText, send } from './http.ts'

export interface ServerEvent {
  event: string
  data: string
  /** Where to go on after it; null: not said. */
  id: string | null
}

/** Feed it text as it comes; it gives the events that are whole. */
export function openParser(): (chunk: string) => ServerEvent[] {
  let rest = ''
  return (chunk) => {
    const blocks = (rest + chunk).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    return blocks.flatMap((block) => {
      let event = 'message'
      let id: string | null = null
      const data: string[] = []
      for (const line of block.split(/\r?\n/)) {
        if (line.startsWith('event:')) event = line.slice(6).trim()
        else if (line.startsWith('id:')) id = line.slice(3).trim()
        else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
      }
      return data.length === 0 ? [] : [{ event, id, data: data.join('\n') }]
    })
  }
}

/** A stream of hours: aborted only by its reader. */
const STREAM_MS = 24 * 3_600_000

/** Resolves when the stream ends; throws an `ApiError` when it does not begin. */
export async function follow(path: string, signal: AbortSignal, onEvent: (event: ServerEvent) => void): Promise<void> {
  const response = await send(path, { signal, headers: { accept: 'text/event-stream' }, timeoutMs: STREAM_MS })
  if (!response.ok || !response.body) throw new ApiError(response.status, errorText(response.status, await response.text()))
  const parse = openParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    for (const event of parse(value)) onEvent(event)
  }
}
