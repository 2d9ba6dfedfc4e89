import { expect, it } from 'vitest'
import { Tabs } from '../../../src/devtools/tabs.ts'
import type { ClientReport, TabReport } from '../../../src/devtools-protocol.ts'

const client = (id: string): ClientReport => ({ id, path: '/', isVisible: true })
const report = (id: string, number: number | null, more: Partial<TabReport> = {}): TabReport => ({
  ...client(id),
  ...{ number, host: 'worker-1', servedBy: 'worker', status: 'anonymous', generation: null },
  ...more,
})
const namesOf = (tabs: Tabs) => tabs.all().map(({ name, isOurs }) => (isOurs ? `${name}, ours` : name))

it('our own tab is the first, then those with devtools by number, then those without', () => {
  const tabs = new Tabs()
  tabs.learn('b', [client('a'), client('b'), client('none-1')])
  tabs.hear(report('c', 3))
  tabs.hear(report('a', 1))
  tabs.hear(report('b', 2))
  expect(namesOf(tabs)).toEqual(['Tab 2, ours', 'Tab 1', 'Tab 3', 'Tab none'])
  expect(
    tabs
      .all()
      .map(({ colour }) => colour)
      .slice(0, 3),
  ).toEqual([2, 1, 3])
})

it('a page that comes in the place of another in its tab takes its number, and what the other did keeps it', () => {
  const tabs = new Tabs()
  tabs.hear(report('before', 1))
  tabs.hear(report('after', 1))
  expect(namesOf(tabs)).toEqual(['Tab 1'])
  expect(tabs.view('before').name).toBe('Tab 1')
})

it('a tab that was closed is gone, though the worker may know of it for a while, until it comes back', () => {
  const tabs = new Tabs()
  tabs.hear(report('a', 1))
  tabs.forget('a', true)
  tabs.learn('b', [client('a'), client('b')])
  expect(tabs.all().map(({ client }) => client)).toEqual(['b'])
  tabs.hear(report('a', 1))
  expect(tabs.all().map(({ client }) => client)).toEqual(['b', 'a'])
})

it('a tab whose devtools is gone is still a tab; one that the worker does not know any more is none', () => {
  const tabs = new Tabs()
  tabs.hear(report('a', 1))
  tabs.hear(report('own', 2, { servedBy: 'page' }))
  tabs.forget('a', false)
  tabs.learn('b', [client('a'), client('b')])
  expect(tabs.all().map(({ client, report }) => [client, report !== null])).toEqual([
    ['b', false],
    ['own', true],
    ['a', false],
  ])
  tabs.hear(report('a', 1))
  tabs.learn('b', [client('b')])
  expect(tabs.all().map(({ client }) => client)).toEqual(['b', 'own'])
})

it('tabs without numbers, since there are no locks, are told apart by their ids', () => {
  const tabs = new Tabs()
  tabs.hear(report('{8f2a}', null))
  tabs.hear(report('77-b1', null))
  expect(namesOf(tabs)).toEqual(['Tab 8f2a', 'Tab 77b1'])
})
