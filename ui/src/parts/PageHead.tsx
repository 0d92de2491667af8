// The head of what was opened: the way back, its name, what can be done with it, and its tabs.
import { type ReactNode } from 'react'
import { hrefOf, type Route } from '../route.ts'

interface Props {
  back: Route
  backLabel: string
  title: ReactNode
  children?: ReactNode
}

export function PageHead({ back, backLabel, title, children }: Props) {
  return (
    <div className="page-head">
      <p className="crumb"><a href={hrefOf(back)}>← {backLabel}</a></p>
      <div className="page-title"><h2>{title}</h2><div className="actions">{children}</div></div>
    </div>
  )
}
