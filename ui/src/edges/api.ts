// Commands to one edge of the mesh, sent to the edge that serves the page: it passes them on.
import { callJson } from '../mesh/http.ts'

export type EdgeCommand =
  | { command: 'drain' | 'undrain' }
  | { command: 'chaos'; action: 'stop' }
  | { command: 'chaos'; action: 'cut' | 'mend'; peer: string }
  | { command: 'chaos'; action: 'slow'; peer: string; delayMs: number }

/** `edge` and `peer`: ids. */
export async function commandEdge(edge: string, { command, ...body }: EdgeCommand): Promise<void> {
  await callJson(`edges/${encodeURIComponent(edge)}/${command}`, { method: 'POST', body })
}
