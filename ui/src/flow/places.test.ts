import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPlaces, savePlaces } from './places.ts'

function memory(entries: Record<string, string> = {}): Pick<Storage, 'getItem' | 'setItem'> & { entries: Record<string, string> } {
  return { entries, getItem: (key) => entries[key] ?? null, setItem: (key, value) => { entries[key] = value } }
}

test('places come back for the cluster and the layout they were kept for', () => {
  const storage = memory()
  savePlaces('local', 'graph', { a: { x: 1, y: 2 } }, storage)
  assert.deepEqual(loadPlaces('local', 'graph', storage), { a: { x: 1, y: 2 } })
  assert.deepEqual(loadPlaces('other', 'graph', storage), {})
  assert.deepEqual(loadPlaces('local', 'geography', storage), {})
})

test('what is not a place is dropped', () => {
  const key = 'swarmlambda.places.graph.local'
  const stored = (text: string) => loadPlaces('local', 'graph', memory({ [key]: text }))
  assert.deepEqual(stored('{'), {})
  assert.deepEqual(stored('null'), {})
  assert.deepEqual(stored('{"a":{"x":1,"y":null},"b":3,"c":{"x":4,"y":5}}'), { c: { x: 4, y: 5 } })
})

test('a storage that refuses costs nothing but the memory', () => {
  savePlaces('local', 'graph', { a: { x: 1, y: 2 } }, { setItem: () => { throw new Error('full') } })
})
