// A code editor that is loaded when one is first shown; until then, and where it can't be, a text field.
import { lazy, Suspense, useId } from 'react'

export interface CodeEditorProps {
  label: string
  value: string
  onChange(value: string): void
  language?: 'javascript' | 'json'
  /** Lines shown before it scrolls; absent: fills its place. */
  rows?: number
  readOnly?: boolean
  invalid?: string | null
  /** Ctrl+Enter or ⌘+Enter. */
  onSubmit?(): void
}

const HINT = 'Tab indents. Escape, then Tab, leaves the editor.'

const Rich = lazy(() => import('./RichEditor.tsx').then(({ RichEditor }) => ({ default: RichEditor })))

export function CodeEditor(props: CodeEditorProps) {
  const id = useId()
  const { label, value, rows, invalid = null, readOnly = false, onChange } = props
  return (
    <div className={`field editor ${rows === undefined ? 'fills' : ''}`}>
      <span className="label" id={`${id}-label`}>{label}</span>
      <Suspense
        fallback={<textarea
          className="code-fallback" value={value} rows={rows ?? 16} readOnly={readOnly} spellCheck={false} aria-labelledby={`${id}-label`}
          onChange={(event) => onChange(event.target.value)}
        />}
      >
        <Rich {...props} hint={HINT} />
      </Suspense>
      <p className={invalid === null ? 'hint' : 'hint wrong'} id={`${id}-hint`}>
        {invalid ?? HINT}
      </p>
    </div>
  )
}
