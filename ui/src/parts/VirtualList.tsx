// A list of rows of one height of which only those in sight exist: ten thousand cost as much as twenty.
import { type ReactNode, useEffect, useRef, useState } from 'react'

interface Props<T> {
  label: string
  items: readonly T[]
  /** CSS pixels. */
  rowHeight: number
  keyOf(item: T): string | number
  row(item: T): ReactNode
  className?: string
  /** Stays at the end while it is there: a log. */
  followEnd?: boolean
}

/** Rows drawn beyond what is in sight, on both sides. */
const SPARE_ROWS = 8

export function VirtualList<T>({ label, items, rowHeight, keyOf, row, className = '', followEnd = false }: Props<T>) {
  const box = useRef<HTMLDivElement>(null)
  const [sight, setSight] = useState({ top: 0, height: 600 })
  const atEnd = useRef(true)

  useEffect(() => {
    const element = box.current
    if (!element) return
    const look = (): void => setSight({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    look()
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    if (followEnd && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [followEnd, items.length])

  function onScroll(): void {
    const element = box.current
    if (!element) return
    atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight
    setSight({ top: element.scrollTop, height: element.clientHeight })
  }

  const first = Math.max(0, Math.floor(sight.top / rowHeight) - SPARE_ROWS)
  const last = Math.min(items.length, Math.ceil((sight.top + sight.height) / rowHeight) + SPARE_ROWS)
  return (
    <div className={`virtual ${className}`} ref={box} onScroll={onScroll} tabIndex={0} role="group" aria-label={label}>
      <ul aria-label={label} style={{ paddingTop: first * rowHeight, paddingBottom: (items.length - last) * rowHeight }}>
        {items.slice(first, last).map((item, index) => (
          <li key={keyOf(item)} style={{ height: rowHeight }} aria-setsize={items.length} aria-posinset={first + index + 1}>{row(item)}</li>
        ))}
      </ul>
    </div>
  )
}
