// Tabs as WAI-ARIA describes them: arrow keys move. Only what is shown is mounted; `keep` names those whose drafts survive.
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'

export interface Tab<K extends string> {
  key: K
  label: string
  panel(): ReactNode
  /** Once shown it stays, hidden. */
  keep?: boolean
  /** Fills the panel itself instead of scrolling in it. */
  fills?: boolean
}

interface Props<K extends string> {
  label: string
  tabs: readonly Tab<K>[]
  active: K
  onChange(key: K): void
}

export function Tabs<K extends string>({ label, tabs, active, onChange }: Props<K>) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [visited, setVisited] = useState<ReadonlySet<K>>(() => new Set([active]))
  if (!visited.has(active)) setVisited(new Set([...visited, active]))

  function onKeyDown(event: KeyboardEvent): void {
    const index = tabs.findIndex((tab) => tab.key === active)
    const target = {
      ArrowRight: (index + 1) % tabs.length,
      ArrowLeft: (index + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key]
    const tab = target === undefined ? undefined : tabs[target]
    if (tab === undefined) return
    event.preventDefault()
    onChange(tab.key)
    list.current?.querySelector<HTMLElement>(`[data-tab="${tab.key}"]`)?.focus()
  }

  return (
    <div className="tabs">
      <div className="tab-list" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.key} type="button" role="tab" id={`${id}-${tab.key}`} data-tab={tab.key}
            aria-selected={tab.key === active} aria-controls={`${id}-${tab.key}-panel`}
            tabIndex={tab.key === active ? 0 : -1} onClick={() => onChange(tab.key)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      {tabs.map((tab) => (
        <div
          key={tab.key} role="tabpanel" id={`${id}-${tab.key}-panel`} className={`tab-panel ${tab.fills === true ? 'fills' : ''}`} tabIndex={0}
          aria-labelledby={`${id}-${tab.key}`} hidden={tab.key !== active}
        >
          {(tab.key === active || (tab.keep === true && visited.has(tab.key))) && tab.panel()}
        </div>
      ))}
    </div>
  )
}
