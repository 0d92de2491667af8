// Test events by name, kept in localStorage for each function.

const PREFIX = 'swarmlambda.events.'

export function loadEvents(name: string, storage: Pick<Storage, 'getItem'> = localStorage): Record<string, string> {
  try {
    const stored: unknown = JSON.parse(storage.getItem(PREFIX + name) ?? '{}')
    if (typeof stored !== 'object' || stored === null) return {}
    return Object.fromEntries(Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  } catch {
    return {}
  }
}

export function saveEvents(name: string, events: Record<string, string>, storage: Pick<Storage, 'setItem'> = localStorage): void {
  try {
    storage.setItem(PREFIX + name, JSON.stringify(events))
  } catch {
    // A full or forbidden storage costs only the memory of events.
  }
}
