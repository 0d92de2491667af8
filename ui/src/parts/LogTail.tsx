// Log lines, following the newest.
import { clock } from '../format.ts'
import { Problem } from './Problem.tsx'
import { type NumberedLine, useLogs } from './use-logs.ts'
import { VirtualList } from './VirtualList.tsx'

interface Props {
  filter: { function?: string; edge?: string; requestId?: string }
  /** What it says while there is nothing. */
  empty: string
}

export function LogTail({ filter, empty }: Props) {
  const { lines, error } = useLogs(filter)
  return (
    <div className="log-tail">
      <Problem error={error} />
      {lines.length === 0
        ? <p className="quiet">{empty}</p>
        : <VirtualList
            label="Log lines" items={lines} rowHeight={20} keyOf={(line) => line.id} followEnd className="log"
            row={(line) => <Line line={line} showsFunction={filter.function === undefined} />}
          />}
    </div>
  )
}

function Line({ line, showsFunction }: { line: NumberedLine; showsFunction: boolean }) {
  return (
    <p className={`log-line ${line.level.toLowerCase()}`} title={`${new Date(line.at).toISOString()} ${line.edge} ${line.requestId}\n${line.message}`}>
      <time dateTime={new Date(line.at).toISOString()}>{clock(line.at)}</time>
      <span className="log-edge">{showsFunction && line.function !== '' ? line.function : line.edge}</span>
      {line.level.toUpperCase() !== 'INFO' && <span className="level">{line.level}</span>}
      <span className="log-text">{line.message}</span>
    </p>
  )
}
