// A button that changes something: where the page may only read it is off, and says why.
import { type ButtonHTMLAttributes, useId } from 'react'
import { usePage } from '../mesh/context.ts'

export function WriteButton({ disabled = false, title, children, ...rest }: ButtonHTMLAttributes<HTMLButtonElement>) {
  const id = useId()
  const { denied } = usePage().access
  return (
    <>
      <button
        type="button" {...rest} disabled={disabled || denied !== null} title={denied ?? title}
        {...(denied === null ? {} : { 'aria-describedby': id })}
      >
        {children}
      </button>
      {denied !== null && <span className="sr-only" id={id}>{denied}</span>}
    </>
  )
}
