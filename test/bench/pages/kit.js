// What every page of the bench can measure, whatever library sends its requests. Timed in the page, by its own clock.

const now = () => performance.now()
/** The same clock for all tabs, in milliseconds since the epoch. */
const instant = () => performance.timeOrigin + performance.now()

/** A request that has no answer by then has failed (milliseconds). */
const LIMIT = 30_000

/** Query parameters say what a page is for: see `subjects.ts`. */
export const tag = location.hostname.split('.')[0].split('-at-')[1] ?? ''
export const apiOrigin = globalThis.benchApiOrigin

/**
 * @param subject `start()` logs in where nobody is, `renew()` brings a token with the lifetime that the server gives
 * now; `send(url, init)` is a fetch, `get(url)` a GET whose body is read, settling with its status
 */
export async function expose({ start, renew, send, get }) {
  get ??= async url => {
    const response = await send(url)
    await response.text()
    return response.status
  }
  const sequential = async ({ url, count }) => {
    const times = []
    for (let n = 0; n < count; n++) {
      const began = now()
      const status = await get(url)
      times.push(now() - began)
      if (status !== 200) throw new Error(`${url} answered ${status}`)
    }
    return times
  }
  const bench = {
    state: '',
    renew,
    sequential,
    /** Settles with requests per second. */
    throughput: async ({ url, count, concurrency }) => {
      let left = count
      const began = now()
      const worker = async () => {
        while (left-- > 0) if ((await get(url)) !== 200) throw new Error(`${url} failed`)
      }
      await Promise.all(Array.from({ length: concurrency }, worker))
      return (count * 1000) / (now() - began)
    },
    burst: async ({ url, count, at }) => {
      await new Promise(resolve => setTimeout(resolve, at - Date.now()))
      const began = instant()
      const limit = new Promise(resolve => setTimeout(resolve, LIMIT, -1))
      const request = () => Promise.race([get(url).catch(() => 0), limit])
      const statuses = await Promise.all(Array.from({ length: count }, request))
      return { began, ended: instant(), failures: statuses.filter(status => status !== 200).length }
    },
    /** One request after the other for a while; settles with how long each took, failures included. */
    steady: async ({ url, duration, pause }) => {
      const times = []
      let failures = 0
      for (const end = now() + duration; now() < end; ) {
        const began = now()
        const status = await get(url).catch(() => 0)
        times.push(now() - began)
        if (status !== 200) failures++
        await new Promise(resolve => setTimeout(resolve, pause))
      }
      return { times, failures }
    },
    once: async ({ url }) => {
      const began = now()
      const status = await get(url).catch(() => 0)
      return { time: now() - began, status }
    },
    download: async ({ url }) => {
      const began = now()
      const reader = (await send(url, { stream: true })).body.getReader()
      let size = 0
      let first = 0
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        first ||= now() - began
        size += part.value.length
      }
      return { time: now() - began, first, size }
    },
    upload: async ({ url, size }) => {
      const body = new Blob([new Uint8Array(size)])
      const began = now()
      const response = await send(url, { method: 'POST', body, stream: true })
      const received = Number(/\d+/.exec(await new Response(response.body).text())?.[0])
      if (received !== size) throw new Error(`${url} received ${received} of ${size} bytes`)
      return { time: now() - began }
    },
    /** When the document had arrived, since its navigation began. */
    document: async () => performance.getEntriesByType('navigation')[0].responseEnd,
    /** When the page had loaded, since its navigation began. */
    loaded: async () => performance.getEntriesByType('navigation')[0].loadEventEnd,
    /** How long a refresh takes that nothing else goes with. */
    refreshTime: async () => {
      const { refresh_token } = await logIn()
      const began = now()
      const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token })
      const response = await fetch('/oauth/token', { method: 'POST', body })
      await response.json()
      return now() - began
    },
    /** Since the first navigation: when the first request was answered, login included. */
    arrival: async () => bench.times.answered,
    times: null,
  }
  globalThis.bench = bench
  // A login may go by redirects: what counts is when the first document was asked for.
  sessionStorage.benchBegan ??= performance.timeOrigin
  try {
    await start()
    const status = await get('/api/item')
    bench.times = { answered: instant() - Number(sessionStorage.benchBegan) }
    sessionStorage.removeItem('benchBegan')
    bench.state = status === 200 ? 'ready' : `the first request was answered ${status}`
  } catch (error) {
    bench.state = `failed: ${error?.stack ?? error}`
  }
}

/** The worker that controls this page, registered where there is none. */
export async function controlled(scriptUrl) {
  await navigator.serviceWorker.register(scriptUrl, { updateViaCache: 'none' })
  if (navigator.serviceWorker.controller) return
  await new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
}

export async function logIn() {
  const response = await fetch('/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"username":"ada"}',
  })
  return response.json()
}

/** Of ours, whoever keeps the session: it is refreshed by itself, and `fetch` is authorized. */
export const exposeAuth = auth =>
  expose({
    start: async () => {
      await auth.ready
      if (isLoginAsked || auth.getSnapshot().status !== 'authenticated') await logIn()
    },
    renew: logIn,
    send: (url, init) => fetch(url, init),
  })

/** Whether the driver asks for a new login: the old one may be lost. */
export const isLoginAsked = new URLSearchParams(location.search).has('login')
