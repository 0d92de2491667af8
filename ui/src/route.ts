// Where the page is, as the fragment of its address: links can be kept and sent, and need nothing of the server. Pure.

export const FUNCTION_TABS = ['overview', 'code', 'test', 'invocations', 'logs'] as const
export const EDGE_TABS = ['overview', 'functions', 'logs'] as const

export type FunctionTab = (typeof FUNCTION_TABS)[number]
export type EdgeTab = (typeof EDGE_TABS)[number]

export type Route =
  | { page: 'functions' | 'edges' | 'invocations' | 'deploy' }
  | { page: 'function'; name: string; tab: FunctionTab }
  /** `edge`: its id. */
  | { page: 'edge'; edge: string; tab: EdgeTab }
  | { page: 'invocation'; requestId: string }

export const HOME: Route = { page: 'functions' }

/** `#/functions/hello/code` and the like; anything else is the list of functions. */
export function parseRoute(fragment: string): Route {
  const [section, subject, tab] = fragment.replace(/^#?\/?/, '').split('/').map(decode)
  if (section === 'deploy') return { page: 'deploy' }
  if (section === 'functions' && subject) return { page: 'function', name: subject, tab: oneOf(FUNCTION_TABS, tab) }
  if (section === 'edges') return subject ? { page: 'edge', edge: subject, tab: oneOf(EDGE_TABS, tab) } : { page: 'edges' }
  if (section === 'invocations') return subject ? { page: 'invocation', requestId: subject } : { page: 'invocations' }
  return HOME
}

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'function': return `#/functions/${encodeURIComponent(route.name)}${route.tab === 'overview' ? '' : `/${route.tab}`}`
    case 'edge': return `#/edges/${encodeURIComponent(route.edge)}${route.tab === 'overview' ? '' : `/${route.tab}`}`
    case 'invocation': return `#/invocations/${encodeURIComponent(route.requestId)}`
    default: return `#/${route.page}`
  }
}

function oneOf<T extends string>(values: readonly [T, ...T[]], value: string | undefined): T {
  return values.find((each) => each === value) ?? values[0]
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
