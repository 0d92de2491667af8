// A textarea with line numbers. Tab indents; Escape first, and Tab leaves the field as everywhere else.
import { type KeyboardEvent, useId, useRef } from 'react'

interface Props {
  label: string
  value: string
  rows: number
  onChange(value: string): void
  invalid?: string | null
  /** Ctrl+Enter or ⌘+Enter. */
  onSubmit?(): void
}

const INDENT = '  '

export function CodeEditor({ label, value, rows, onChange, invalid = null, onSubmit }: Props) {
  const id = useId()
  const gutter = useRef<HTMLPreElement>(null)
  const leaving = useRef(false)
  const lines = value.split('\n').length

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && onSubmit) {
      event.preventDefault()
      onSubmit()
    } else if (event.key === 'Tab' && !event.shiftKey && !leaving.current) {
      event.preventDefault()
      // Deprecated, and the only way to insert text that undo knows of; it fires `input` like typing.
      document.execCommand('insertText', false, INDENT)
    }
    leaving.current = event.key === 'Escape'
  }

  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="code">
        <pre ref={gutter} aria-hidden="true">{Array.from({ length: lines }, (_, line) => line + 1).join('\n')}</pre>
        <textarea
          id={id} value={value} rows={rows} spellCheck={false} autoCapitalize="off" autoComplete="off" wrap="off"
          aria-describedby={`${id}-hint`} aria-invalid={invalid !== null}
          onChange={(event) => onChange(event.target.value)} onKeyDown={onKeyDown}
          onScroll={(event) => { if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop }}
        />
      </div>
      <p className={invalid === null ? 'hint' : 'hint wrong'} id={`${id}-hint`}>
        {invalid ?? 'Tab indents. Escape, then Tab, leaves the editor.'}
      </p>
    </div>
  )
}
