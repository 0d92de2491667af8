// One function: what it does lately, its versions, its code, a console to try it, its invocations and its log.
import { useState } from 'react'
import { usePage } from '../mesh/context.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { LogTail } from '../parts/LogTail.tsx'
import { PageHead } from '../parts/PageHead.tsx'
import { Tabs } from '../parts/Tabs.tsx'
import { WriteButton } from '../parts/WriteButton.tsx'
import { InvocationList } from '../invocations/InvocationTable.tsx'
import type { FunctionTab } from '../route.ts'
import { deleteFunction } from './api.ts'
import { CodeTab } from './CodeTab.tsx'
import { FunctionOverview } from './FunctionOverview.tsx'
import { TestConsole } from './TestConsole.tsx'

export function FunctionPage({ name, tab }: { name: string; tab: FunctionTab }) {
  const { snapshot, go } = usePage()
  const [deleting, setDeleting] = useState(false)
  const fn = snapshot.functions.find((each) => each.name === name)
  return (
    <>
      <PageHead back={{ page: 'functions' }} backLabel="Functions" title={name}>
        {fn !== undefined && <WriteButton className="plain danger" aria-label={`Delete ${name}`} onClick={() => setDeleting(true)}>Delete</WriteButton>}
      </PageHead>
      {fn === undefined
        ? <p className="body quiet">There is no function of this name on the mesh now.</p>
        : <Tabs<FunctionTab>
            label={`Function ${name}`} active={tab} onChange={(next) => go({ page: 'function', name, tab: next })}
            tabs={[
              { key: 'overview', label: 'Overview', panel: () => <FunctionOverview fn={fn} /> },
              { key: 'code', label: 'Code', keep: true, fills: true, panel: () => <CodeTab name={name} /> },
              { key: 'test', label: 'Test', keep: true, panel: () => <TestConsole name={name} /> },
              { key: 'invocations', label: 'Invocations', fills: true, panel: () => <InvocationList filter={{ function: name }} /> },
              { key: 'logs', label: 'Logs', fills: true, panel: () => <LogTail filter={{ function: name }} empty="Nothing logged yet. Lines appear here as they are written, from every edge." /> },
            ]}
          />}
      {deleting && <ConfirmDialog
        title={`Delete ${name}?`} action="Delete" keep="Keep it"
        run={async () => {
          await deleteFunction(name)
          go({ page: 'functions' })
        }}
        onClose={() => setDeleting(false)}
      >
        <p>Every edge of the mesh stops serving it. Only a new deploy brings it back.</p>
      </ConfirmDialog>}
    </>
  )
}
