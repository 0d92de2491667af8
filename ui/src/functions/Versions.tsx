// Published versions and the aliases that point to them, by weight; publishing, and pointing an alias elsewhere.
import { type FormEvent, useId, useState } from 'react'
import type { FunctionSnapshot } from '../../../ts/lib/snapshot.ts'
import { bytes, span } from '../format.ts'
import { Problem } from '../parts/Problem.tsx'
import { usePoll } from '../parts/use-poll.ts'
import { useTask } from '../parts/use-task.ts'
import { WriteButton } from '../parts/WriteButton.tsx'
import { type Alias, publishVersion, putAlias, readAliases, readVersions, type Version } from './api.ts'

const EVERY_MS = 10_000

export function Versions({ fn }: { fn: FunctionSnapshot }) {
  const { value, error, again } = usePoll(`${fn.name} ${fn.lastModified}`, EVERY_MS, async (signal) => {
    const [versions, aliases] = await Promise.all([readVersions(fn.name, signal), readAliases(fn.name, signal)])
    return { versions, aliases }
  })
  const publish = useTask(async () => {
    await publishVersion(fn.name, '')
    again()
  })
  const versions = value?.versions ?? []
  const aliases = value?.aliases ?? []
  return (
    <section aria-label="Versions">
      <div className="section-head">
        <h3>Versions</h3>
        <WriteButton disabled={publish.busy} onClick={publish.run}>Publish a version</WriteButton>
      </div>
      <Problem error={publish.error ?? (value === null ? error : null)} />
      <table className="versions">
        <thead><tr><th scope="col">Version</th><th scope="col">Aliases</th><th scope="col">Code</th><th scope="col">Changed</th></tr></thead>
        <tbody>{versions.map((version) => <Row key={version.version} version={version} aliases={aliases} />)}</tbody>
      </table>
      <AliasForm name={fn.name} versions={versions} aliases={aliases} onDone={again} />
    </section>
  )
}

function Row({ version: { version, codeSize, lastModified }, aliases }: { version: Version; aliases: readonly Alias[] }) {
  const pointing = aliases.flatMap(({ name, versions }) =>
    versions.filter((each) => each.version === version).map(({ weight }) => ({ name, weight })))
  const at = Date.parse(lastModified.replace(/\+0000$/, 'Z'))
  return (
    <tr>
      <th scope="row">{version === '$LATEST' ? 'latest' : version}</th>
      <td>{pointing.map(({ name, weight }) => (
        <span key={name} className="chip" data-alias={name}>{name}{weight < 1 && ` ${Math.round(weight * 100)} %`}</span>
      ))}</td>
      <td>{bytes(codeSize)}</td>
      <td>{Number.isNaN(at) ? '' : `${span(Date.now() - at)} ago`}</td>
    </tr>
  )
}

function AliasForm({ name, versions, aliases, onDone }: { name: string; versions: readonly Version[]; aliases: readonly Alias[]; onDone(): void }) {
  const id = useId()
  const [alias, setAlias] = useState('live')
  const [version, setVersion] = useState('')
  const published = versions.filter((each) => each.version !== '$LATEST')
  const chosen = version === '' ? published[0]?.version ?? '' : version
  const task = useTask(async () => {
    await putAlias(name, alias, chosen, aliases.some((each) => each.name === alias))
    onDone()
  })

  function onSubmit(event: FormEvent): void {
    event.preventDefault()
    task.run()
  }

  if (published.length === 0) return null
  return (
    <form className="inline-form" aria-label="Point an alias" onSubmit={onSubmit}>
      <label htmlFor={`${id}-alias`}>Point</label>
      <input id={`${id}-alias`} value={alias} required pattern="[A-Za-z0-9_\-]{1,128}" autoComplete="off" spellCheck={false} onChange={(event) => setAlias(event.target.value)} />
      <label htmlFor={`${id}-version`}>to version</label>
      <select id={`${id}-version`} value={chosen} onChange={(event) => setVersion(event.target.value)}>
        {published.map((each) => <option key={each.version}>{each.version}</option>)}
      </select>
      <WriteButton type="submit" disabled={task.busy}>Set</WriteButton>
      <Problem error={task.error} />
    </form>
  )
}
