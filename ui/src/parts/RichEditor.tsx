// CodeMirror with what a function's author needs, and no more. A chunk of its own.
//
// It lives in a shadow root: there its styles are adopted sheets, which the page's policy allows, instead of style tags,
// which it does not.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { CodeEditorProps } from './CodeEditor.tsx'

interface Props extends CodeEditorProps {
  hint: string
}

const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.regexp, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.comment], color: 'var(--muted)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-literal)' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'var(--code-function)' },
])

const THEME = EditorView.theme({
  '&': { height: 'var(--editor-height, 100%)', color: 'var(--text)', fontSize: 'var(--code-size, 12.5px)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px', overflow: 'auto' },
  '.cm-content': { padding: '7px 0', caretColor: 'var(--text)' },
  '.cm-gutters': { background: 'transparent', border: '0', color: 'var(--muted)' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 8px 0 12px', minWidth: '28px' },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'var(--hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--selection)' },
  '&.cm-focused .cm-matchingBracket': { background: 'var(--selection)', outline: '0' },
})

const LINE_PX = 20

export function RichEditor({ label, hint, value, onChange, onSubmit, rows, readOnly = false, invalid = null }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const calls = useRef({ onChange, onSubmit })
  const writable = useRef(new Compartment())
  const initial = useRef({ value, readOnly })
  const isTyping = useRef(true)
  useEffect(() => { calls.current = { onChange, onSubmit } })

  useEffect(() => {
    if (!place.current) return
    const root = place.current.shadowRoot ?? place.current.attachShadow({ mode: 'open' })
    const submit = (): boolean => {
      calls.current.onSubmit?.()
      return calls.current.onSubmit !== undefined
    }
    const extensions: Extension[] = [
      lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), highlightActiveLineGutter(),
      javascript(), syntaxHighlighting(HIGHLIGHT), THEME,
      Prec.high(keymap.of([{ key: 'Mod-Enter', run: submit }])), keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]),
      writable.current.of(EditorState.readOnly.of(initial.current.readOnly)),
      EditorView.contentAttributes.of({ 'aria-label': label, 'aria-description': hint, 'spellcheck': 'false', 'tabindex': '0' }),
      EditorView.updateListener.of((update) => { if (update.docChanged && isTyping.current) calls.current.onChange(update.state.doc.toString()) }),
    ]
    const opened = new EditorView({ parent: root, root, state: EditorState.create({ doc: initial.current.value, extensions }) })
    view.current = opened
    return () => opened.destroy()
  }, [label, hint])

  useEffect(() => {
    // What was typed comes back as `value`; only another text is put in.
    const opened = view.current
    if (opened && opened.state.doc.toString() !== value) {
      isTyping.current = false
      opened.dispatch({ changes: { from: 0, to: opened.state.doc.length, insert: value } })
      isTyping.current = true
    }
  }, [value])

  useEffect(() => {
    view.current?.dispatch({ effects: writable.current.reconfigure(EditorState.readOnly.of(readOnly)) })
  }, [readOnly])

  return <div className={`code ${invalid === null ? '' : 'invalid'}`} ref={place} style={rows === undefined ? {} : { '--editor-height': `${rows * LINE_PX + 14}px` }} />
}
