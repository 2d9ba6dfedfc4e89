import type { EngineName } from '../../../scripts/browsers.mjs'
import type { Differences } from './differences.ts'

/** A difference that is there, and stays: what docs/engines.md says of it, and where exactly it shows. */
export interface Known {
  readonly row: string
  readonly engines: readonly EngineName[]
  /** Who keeps the session; the worker unless given. */
  readonly host?: 'worker' | 'page'
  /** What the table says, in an engine's cell. */
  readonly says: string
  readonly why: string
  readonly cases: Readonly<Record<string, Differences>>
}

const ALL: readonly EngineName[] = ['chromium', 'firefox', 'webkit']

/** The same differences in each of the cases. */
function inEach(names: readonly string[], differences: Differences): Record<string, Differences> {
  return Object.fromEntries(names.map(name => [name, differences]))
}

const REDIRECTS = 'Redirects to another origin, which gets no token'
const STATUSES = [301, 302, 303, 307, 308]
const PREFLIGHTED_REDIRECTS: Known['cases'] = {
  ...inEach([...STATUSES.flatMap(status => [`${status}`, `${status} of a POST`]), 'and back'], {
    preflight: [false, true],
  }),
  'that does not allow it': { 'server.1': ['GET to other', 'nothing'], preflight: [false, true] },
}
const DESTINATIONS = 'Images, audio and video by the option destinations'

const SENT_AS_FETCH =
  'A worker cannot send a request that looks like an element’s own. It changes the mode, because browsers drop `Authorization` in `no-cors`. Another origin must then allow the request by CORS.'
const asFetch = (dest: string): Differences => ({ 'server.0.headers.sec-fetch-dest': [dest, 'empty'] })
const asCors: Differences = { 'server.0.headers.sec-fetch-mode': ['no-cors', 'cors'] }

const UPLOAD_PROGRESS = 'Browsers report the progress of what the page sends, and here the worker sends.'
const AROUND = 'The browser sends such requests past every worker.'
const LATIN = 'Chromium garbles such values between the page and any worker, even one that only passes requests on.'

const HINTS: Differences = Object.fromEntries(
  ['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform'].map(name => [`server.0.headers.${name}`, ['told', null]]),
)
const noHints = (row: string, ...names: readonly string[]): Known => ({
  row,
  engines: ['chromium'],
  says: 'no client hints (`Sec-CH-UA`)',
  why: 'If the worker changes more of a request than the token, the request loses the headers that scripts may not write.',
  cases: inEach(names, HINTS),
})

const BEHIND_A_WORKER: readonly Known[] = [
  noHints('fetch with keepalive', 'with a body', 'to another origin'),
  noHints('sendBeacon of JSON', 'as a Blob'),
  noHints(DESTINATIONS, 'an image', 'an image of another origin'),
  {
    row: 'Requests of workers',
    engines: ['webkit'],
    says: 'from a blob: the service worker is the referrer, instead of none',
    why: 'If a worker copies such a request, WebKit makes that worker the referrer.',
    cases: { 'a worker from a blob': { 'server.0.headers.referer': [null, 'APP/sw.js'] } },
  },
  {
    row: 'Request headers',
    engines: ['chromium'],
    says: 'a value that is not ASCII arrives empty',
    why: LATIN,
    cases: { 'of its own, with several values': { 'server.0.headers.x-latin': ['café', ''] } },
  },
  {
    row: 'Status, response headers, compression, ranges',
    engines: ['chromium'],
    says: 'a header that is not ASCII arrives garbled',
    why: LATIN,
    cases: { 'odd names, several values, other alphabets': { 'page.headers.x-latin': ['cafÃ©', 'cafÃ\x83Â©'] } },
  },
  {
    row: REDIRECTS,
    engines: ['firefox', 'webkit'],
    says: 'the browser sends a preflight first, although no token follows',
    why: 'The request had `Authorization` before the redirect. The browser asks for that header, and then leaves it out.',
    cases: PREFLIGHTED_REDIRECTS,
  },
  {
    row: 'CORS',
    engines: ALL,
    says: 'a refused request ends at its preflight',
    why: '`Authorization` gives every request to another origin a preflight: the API must allow that header.',
    cases: {
      'an API that allows no other origin': { 'server.0': ['GET to other', 'nothing'], preflight: [false, true] },
    },
  },
  {
    row: 'Answers in a stream: the first chunk before the last is sent',
    engines: ['firefox'],
    says: 'of another origin: `response.type` is `basic`, not `cors`',
    why: 'Firefox stops a worker in the middle of an answer. The worker copies a long answer into a stream of its own, so that it knows when the answer ends, and pages keep it alive until then.',
    cases: {
      'of another origin': {
        page: [
          'first, last cors OTHER/api/answers-in-a-stream-the-first-chunk-before-the-last-is-sent-of-another-origin/gated',
          'first, last basic OTHER/api/answers-in-a-stream-the-first-chunk-before-the-last-is-sent-of-another-origin/gated',
        ],
      },
    },
  },
  {
    row: 'The page aborts: the server sees the connection close',
    engines: ALL,
    says: 'only once the headers have come',
    why: 'No browser tells a worker that the page has given up on a request (w3c/ServiceWorker#1544).',
    cases: { 'before the headers': { page: ['AbortError closed', 'AbortError open'] } },
  },
  {
    row: 'EventSource',
    engines: ['chromium'],
    says: 'comes back without `Last-Event-ID`',
    why: 'Chromium leaves the header out behind any worker that answers, even one that only passes requests on.',
    cases: {
      'events one by one, and back with Last-Event-ID': {
        'page.events.2': ['after 2 3 APP', 'after what? 3 APP'],
        'server.1.headers.last-event-id': ['2', null],
      },
    },
  },
  {
    row: 'XMLHttpRequest',
    engines: ['webkit'],
    says: 'of another origin: shows the CORS headers of the response too',
    why: 'WebKit does so whenever a worker answers; other headers stay hidden.',
    cases: {
      'another origin': {
        'page.headers.access-control-allow-credentials': [null, 'true'],
        'page.headers.access-control-allow-origin': [null, 'APP'],
        'page.headers.access-control-expose-headers': [null, 'x-exposed'],
      },
    },
  },
  {
    row: 'Upload progress',
    engines: ['chromium', 'webkit'],
    says: 'no events after `loadstart`',
    why: UPLOAD_PROGRESS,
    cases: { 'of an XMLHttpRequest': { page: ['loadstart progress load loadend', 'loadstart'] } },
  },
  {
    row: 'Upload progress',
    engines: ['firefox'],
    says: 'no `progress`',
    why: UPLOAD_PROGRESS,
    cases: { 'of an XMLHttpRequest': { page: ['loadstart progress load loadend', 'loadstart load loadend'] } },
  },
  {
    row: 'Synchronous XMLHttpRequest',
    engines: ['chromium', 'webkit'],
    says: 'no token',
    why: AROUND,
    cases: { GET: { tokens: ['good', 'none'] } },
  },
  {
    row: 'fetch with keepalive',
    engines: ['firefox'],
    says: 'no token',
    why: AROUND,
    cases: inEach(['without a body', 'with a body', 'to another origin'], { tokens: ['good', 'none'] }),
  },
  {
    row: DESTINATIONS,
    engines: ALL,
    says: 'sent as by `fetch` (`Sec-Fetch-Dest: empty`, mode `cors`)',
    why: SENT_AS_FETCH,
    cases: {
      'an image': { ...asFetch('image'), ...asCors },
      'an image of another origin': {
        ...asFetch('image'),
        ...asCors,
        'server.0.headers.origin': [null, 'APP'],
      },
      'an image with crossorigin': asFetch('image'),
    },
  },
  {
    row: DESTINATIONS,
    engines: ['firefox'],
    says: 'no token for audio and video of another origin without the attribute `crossorigin`',
    why: AROUND,
    cases: { 'audio of another origin': { tokens: ['good', 'none'] } },
  },
  {
    row: DESTINATIONS,
    engines: ['webkit'],
    says: 'of another origin: sent without a preflight',
    why: 'WebKit sends none here, although the request has `Authorization`.',
    cases: inEach(['an image of another origin', 'an image with crossorigin'], { preflight: [true, false] }),
  },
]

/** With the page as host: what it cannot see, and what it does as the worker does. */
const IN_PAGE: readonly Known[] = [
  {
    row: 'CORS',
    host: 'page',
    engines: ALL,
    says: 'a refused request ends at its preflight',
    why: '`Authorization` gives every request to another origin a preflight: the API must allow that header.',
    cases: {
      'an API that allows no other origin': { 'server.0': ['GET to other', 'nothing'], preflight: [false, true] },
    },
  },
  {
    row: REDIRECTS,
    host: 'page',
    engines: ['firefox', 'webkit'],
    says: 'the browser sends a preflight first, although no token follows',
    why: 'The request had `Authorization` before the redirect. The browser asks for that header, and then leaves it out.',
    cases: PREFLIGHTED_REDIRECTS,
  },
  {
    row: 'XMLHttpRequest',
    host: 'page',
    engines: ['firefox'],
    says: 'one that has failed has no `responseURL`, as the standard has it',
    why: 'Firefox keeps it.',
    cases: { 'a network error': { 'page.responseURL': ['APP/api/xmlhttprequest-a-network-error/reset', ''] } },
  },
  {
    row: 'The page aborts: it gets an AbortError',
    host: 'page',
    engines: ['firefox'],
    says: 'an XMLHttpRequest that has failed has no `responseURL`, as the standard has it',
    why: 'Firefox keeps it.',
    cases: {
      'an XMLHttpRequest, by its time limit': {
        'page.responseURL': [
          'APP/api/the-page-aborts-it-gets-an-aborterror-an-xmlhttprequest-by-its-time-limit/silent',
          '',
        ],
      },
    },
  },
  {
    row: 'The page aborts: it gets an AbortError',
    host: 'page',
    engines: ['webkit'],
    says: 'or the reason that it has given itself, as the standard has it',
    why: 'WebKit reports an AbortError instead.',
    cases: {
      'by a time limit': { page: ['AbortError', 'TimeoutError'] },
      'with a reason of its own': { page: ['AbortError', 'RangeError'] },
    },
  },
  {
    row: 'sendBeacon of JSON',
    host: 'page',
    engines: ['webkit'],
    says: 'no `Cache-Control: max-age=0`',
    why: 'The page sends it by `fetch`.',
    cases: { 'as a Blob': { 'server.0.headers.cache-control': ['max-age=0', null] } },
  },
  {
    row: 'Synchronous XMLHttpRequest',
    host: 'page',
    engines: ALL,
    says: 'no token',
    why: 'It cannot wait while the page reads the session.',
    cases: { GET: { tokens: ['good', 'none'] } },
  },
  {
    row: 'Requests of workers',
    host: 'page',
    engines: ALL,
    says: 'no token',
    why: 'The page does not see these requests.',
    cases: inEach(['a dedicated worker', 'a shared worker', 'a worker from a blob'], { tokens: ['good', 'none'] }),
  },
  {
    row: DESTINATIONS,
    host: 'page',
    engines: ALL,
    says: 'no token',
    why: 'The page does not see these requests.',
    cases: inEach(
      [
        'an image',
        'an image of another origin',
        'an image with crossorigin',
        'audio, and seeking',
        'audio of another origin',
        'audio with crossorigin',
        'video, and seeking',
      ],
      { tokens: ['good', 'none'] },
    ),
  },
]

export const KNOWN: readonly Known[] = [...BEHIND_A_WORKER, ...IN_PAGE]

/** Request headers that a browser writes another way, or leaves out, whatever the case, once it is a worker that sends. */
export const HEADERS: Readonly<
  Record<EngineName, { readonly names: readonly string[]; readonly says: string; readonly why: string }>
> = {
  chromium: { names: [], says: '', why: '' },
  firefox: {
    names: ['priority'],
    says: 'another `Priority`',
    why: 'Firefox gives a worker’s requests the priority of a `fetch`.',
  },
  webkit: { names: [], says: '', why: '' },
}
