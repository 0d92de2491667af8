import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOME, hrefOf, parseRoute, type Route } from './route.ts'

test('every place of the page has an address that leads back to it', () => {
  const routes: Route[] = [
    HOME, { page: 'edges' }, { page: 'invocations' }, { page: 'deploy' },
    { page: 'function', name: 'a/b %', tab: 'overview' }, { page: 'function', name: 'hello', tab: 'code' },
    { page: 'edge', edge: 'ab12', tab: 'logs' }, { page: 'invocation', requestId: 'r-1' },
  ]
  for (const route of routes) assert.deepEqual(parseRoute(hrefOf(route)), route)
})

test('an address that makes no sense leads home', () => {
  for (const text of ['', '#', '#/', '#/nowhere', '#/%E0%A4%A']) assert.deepEqual(parseRoute(text), HOME)
  assert.deepEqual(parseRoute('#/functions/hello/nonsense'), { page: 'function', name: 'hello', tab: 'overview' })
})
