import { describe, expect, it } from 'vitest'
import { groupsOf, type Line, phasesOf, Timeline } from '../../../src/devtools/timeline.ts'
import { levelOf, outcomeOf, titleOf, whyOf } from '../../../src/devtools/words.ts'
import type { HostStatus, RefreshEntry, RequestEntry, StateEntry } from '../../../src/devtools-protocol.ts'
import { NOW } from '../kit.ts'

const request = (n: number, more: Partial<RequestEntry> = {}): RequestEntry => ({
  kind: 'request',
  n,
  at: NOW + n,
  session: 'shop',
  method: 'GET',
  url: `/api/orders/${n}`,
  tab: 'tab-1',
  matchedAs: 'api',
  steps: [{ after: 1, text: 'sent with Authorization: Bearer ...' }],
  outcome: '200',
  duration: 5,
  ...more,
})
const refresh = (n: number, more: Partial<RefreshEntry> = {}): RefreshEntry => ({
  ...{ kind: 'refresh', n, at: NOW + n, session: 'shop', outcome: 'refreshed', detail: null, duration: 20 },
  ...more,
})
const state = (n: number, more: Partial<StateEntry> = {}): StateEntry => ({
  ...{ kind: 'state', n, at: NOW + n, session: 'shop', status: 'authenticated', reason: 'login', generation: 1 },
  ...more,
})
const status = (host: string, startedAt: number, more: Partial<HostStatus> = {}): HostStatus => ({
  ...{ host, scope: 'https://app.example/', isPage: false, startedAt, isOffline: false, refuses: [] },
  ...more,
})
const only = (timeline: Timeline) => timeline.newestFirst()[0] as Line

describe('the timeline', () => {
  it('has the newest first, of all hosts, and each entry once as it was told last', () => {
    const timeline = new Timeline()
    timeline.take('a', [request(1, { outcome: null, duration: null }), request(3)])
    timeline.take('b', [request(2)])
    timeline.take('a', [request(1, { outcome: '401' })])
    expect(timeline.newestFirst().map(line => [line.host, line.n, outcomeOf(line, false)])).toEqual([
      ['a', 3, '200'],
      ['b', 2, '200'],
      ['a', 1, '401'],
    ])
  })

  it('tells of one change of state once, whoever tells of it', () => {
    const timeline = new Timeline()
    timeline.take('a', [state(1)])
    timeline.take('b', [state(7)])
    timeline.take('b', [state(8, { reason: 'refresh', generation: 2 })])
    expect(timeline.newestFirst().map(titleOf)).toEqual(['New token, #2', 'Logged in'])
  })

  it('keeps the newest of very many', () => {
    const timeline = new Timeline()
    timeline.take(
      'a',
      Array.from({ length: 1_000 }, (_, n) => request(n)),
    )
    expect(timeline.newestFirst()).toHaveLength(400)
    expect(only(timeline).n).toBe(999)
  })

  it('forgets what was, once it is cleared, and takes none of it back', () => {
    const timeline = new Timeline()
    timeline.take('a', [request(1)])
    timeline.clear(NOW + 2)
    timeline.take('a', [request(1), request(5)])
    expect(timeline.newestFirst().map(({ n }) => n)).toEqual([5])
  })

  it('says that what a stopped worker had begun was cut off, once another has begun', () => {
    const timeline = new Timeline()
    timeline.hear(status('a', NOW))
    timeline.take('a', [refresh(1, { outcome: null, duration: null }), refresh(2)])
    const begun = () => timeline.newestFirst()[1] as Line
    expect(timeline.isCutOff(begun())).toBe(false)
    timeline.hear(status('elsewhere', NOW + 50, { scope: 'https://app.example/other/' }))
    expect(timeline.isCutOff(begun())).toBe(false)
    timeline.hear(status('page', NOW + 50, { isPage: true }))
    expect(timeline.isCutOff(begun())).toBe(false)
    timeline.hear(status('b', NOW + 50))
    expect(timeline.isCutOff(begun())).toBe(true)
    expect([outcomeOf(begun(), true), levelOf(begun(), true)]).toEqual(['cut off', 'bad'])
    expect(timeline.isCutOff(only(timeline))).toBe(false)
  })

  it('says that what a page had begun was cut off, once it is gone, and not because there are others', () => {
    const timeline = new Timeline()
    timeline.hear(status('a', NOW, { isPage: true }))
    timeline.take('a', [refresh(1, { outcome: null, duration: null })])
    timeline.hear(status('b', NOW + 50, { isPage: true }))
    expect(timeline.isCutOff(only(timeline))).toBe(false)
    timeline.leave('a')
    expect(timeline.isCutOff(only(timeline))).toBe(true)
  })

  it('knows that what a worker had begun goes on where it only forgot', () => {
    const timeline = new Timeline()
    timeline.hear(status('a', NOW))
    timeline.take('a', [refresh(1, { outcome: null })])
    timeline.take('a', [{ kind: 'command', n: 2, at: NOW + 2, session: 'shop', command: 'forget' }])
    timeline.hear(status('b', NOW + 3))
    expect(timeline.isCutOff(timeline.newestFirst()[1] as Line)).toBe(false)
  })

  it('counts the open requests of one session, and has its last refresh', () => {
    const timeline = new Timeline()
    const open = { outcome: null, duration: null }
    timeline.take('a', [request(1, open), request(2, { ...open, session: 'mail' }), request(3), refresh(4)])
    timeline.take('a', [refresh(5, { outcome: null, duration: null })])
    expect(timeline.of('shop')).toMatchObject({ open: 1, lastRefresh: { n: 4 } })
    expect(timeline.of('mail')).toEqual({ open: 1, lastRefresh: null })
  })
})

describe('a group', () => {
  it('has requests of one tab that went the same way at about the same time', () => {
    const timeline = new Timeline()
    timeline.take('a', [
      request(1),
      request(2),
      request(3, { outcome: '401' }),
      request(4),
      request(5, { tab: 'tab-2' }),
    ])
    timeline.take('a', [request(5_000)])
    const groups = groupsOf(timeline.newestFirst())
    expect(groups.map(({ lines }) => lines.map(({ n }) => n))).toEqual([[5_000], [5], [4, 2, 1], [3]])
    // What was opened stays open while more come.
    const before = groups[2]?.key
    timeline.take('a', [request(6)])
    expect(groupsOf(timeline.newestFirst())[1]).toMatchObject({
      key: before,
      lines: [{ n: 6 }, { n: 4 }, { n: 2 }, { n: 1 }],
    })
  })

  it('has nothing but requests', () => {
    const timeline = new Timeline()
    timeline.take('a', [refresh(1), refresh(2)])
    expect(groupsOf(timeline.newestFirst())).toHaveLength(2)
  })
})

describe('a request', () => {
  const steps = [
    { after: 0, text: 'waits for a refresh: the access token has expired' },
    { after: 30, text: 'sent with Authorization: Bearer ...' },
  ]

  it('has its waits told apart from the rest', () => {
    expect(phasesOf(request(0, { steps, duration: 50 }), NOW)).toEqual([
      { kind: 'waiting', from: NOW, to: NOW + 30 },
      { kind: 'sending', from: NOW + 30, to: NOW + 50 },
    ])
    expect(phasesOf(request(0, { steps: steps.slice(0, 1), duration: null }), NOW + 9)).toEqual([
      { kind: 'waiting', from: NOW, to: NOW + 9 },
    ])
    expect(phasesOf(request(0, { steps: [], duration: 0 }), NOW)).toHaveLength(1)
  })

  it('says what it has waited for, or why it was not sent, or what else there is to say', () => {
    const line = (more: Partial<RequestEntry>): Line => ({ ...request(0, more), key: '', host: '' })
    expect(whyOf(line({}))).toBe('sent with Authorization: Bearer ...')
    expect(whyOf(line({ steps }))).toBe('waited for a refresh: the access token has expired')
    expect(whyOf(line({ steps, outcome: null }))).toBe('waits for a refresh: the access token has expired')
    const failed = [...steps, { after: 40, text: 'not sent again: the refresh has ended the session' }]
    expect(whyOf(line({ steps: failed }))).toBe('not sent again: the refresh has ended the session')
    expect(outcomeOf(line({ outcome: 'TypeError' }), false)).toBe('network error')
    const levels = ['200', '302', '401', '503', 'TypeError', 'opaqueredirect', null]
    expect(levels.map(outcome => levelOf(line({ outcome }), false))).toEqual([
      'good',
      'good',
      'warn',
      'bad',
      'bad',
      'good',
      'warn',
    ])
  })
})
