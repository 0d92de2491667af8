// An invocation as a command line. Pure.

export function asCurl(url: string, event: string): string {
  return `curl -i -X POST ${quote(url)} -H 'content-type: application/json' -d ${quote(compact(event))}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function compact(event: string): string {
  try {
    return JSON.stringify(JSON.parse(event))
  } catch {
    return event.trim() === '' ? '{}' : event
  }
}
