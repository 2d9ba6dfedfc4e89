import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { CHROMIUM_FLAGS, ensureBrowser } from '../../scripts/browsers.mjs'
import { Cdp } from './cdp.ts'

const FLAGS = [
  ...CHROMIUM_FLAGS,
  '--headless',
  '--remote-debugging-pipe',
  '--disable-default-apps',
  '--mute-audio',
  // Every tab as fast as the one in front, so that a burst is one.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--host-resolver-rules=MAP *.localhost 127.0.0.1',
]

/** Where a profile keeps what sites store. */
const SITE_DATA = ['IndexedDB', 'Local Storage', 'Service Worker/CacheStorage', 'WebStorage']

/** How long a page may take to say that it is ready (milliseconds). */
const READY_LIMIT = 30_000

export interface Usage {
  /** Of all processes, milliseconds. */
  readonly cpu: number
  /** Handed to the disk by all processes, bytes. */
  readonly written: number
}

export interface WorkerMemory {
  /** The JavaScript heap in use after a collection, bytes. */
  readonly heap: number
  /** What the script takes of it: code, and the text that V8 keeps. */
  readonly script: number
}

/** Something that a thread has done, as Chromium's tracing notes it. */
export interface TraceEvent {
  readonly name: string
  /** A span of time has `X`. */
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** When it began, microseconds. */
  readonly ts: number
  readonly dur?: number
  /** The CPU time that it took the thread, microseconds. */
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

/** As far as it is read here. */
interface HeapSnapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] } }
  readonly nodes: readonly number[]
  readonly strings: readonly string[]
}

/** A Chromium with a profile of its own on disk. */
export class Chromium {
  readonly version: string
  readonly #cdp: Cdp
  readonly #pid: number
  readonly #profile: string
  readonly #end: () => Promise<void>

  private constructor(cdp: Cdp, pid: number, profile: string, version: string, end: () => Promise<void>) {
    this.#cdp = cdp
    this.#pid = pid
    this.#profile = profile
    this.version = version
    this.#end = end
  }

  static async launch(): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'refresh-worker-bench-'))
    const child = spawn(ensureBrowser('chromium'), [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const cdp = new Cdp(child.stdio[3] as Writable, child.stdio[4] as Readable)
    const exited = once(child, 'exit')
    const { product } = await cdp.send('Browser.getVersion')
    return new Chromium(cdp, child.pid as number, profile, String(product), async () => {
      await cdp.send('Browser.close').catch(() => child.kill('SIGKILL'))
      await exited
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
    })
  }

  /** A new tab in front of the others; settles once its page says that it is ready. */
  async open(url: string, script?: string): Promise<Tab> {
    const { targetId } = await this.#cdp.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.#cdp.send('Target.attachToTarget', { targetId, flatten: true })
    const tab = new Tab(this.#cdp, String(targetId), String(sessionId))
    if (script) await tab.runFirst(script)
    try {
      await tab.goto(url)
    } catch (error) {
      await tab.close()
      throw error
    }
    return tab
  }

  /** Stops the workers as a browser does with idle ones, and waits until they are. */
  async stopWorkers(tab: Tab): Promise<void> {
    const running = new Set<string>()
    const stopped = new Set<string>()
    let changed = () => {}
    const off = this.#cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      // Some are started again at once, by a page that keeps them alive.
      for (const { versionId, runningStatus } of versions as { versionId: string; runningStatus: string }[])
        (runningStatus === 'stopped' ? stopped : running).add(versionId)
      changed()
    })
    const isDone = () => [...running].every(id => stopped.has(id))
    await tab.send('ServiceWorker.enable')
    await tab.send('ServiceWorker.stopAllWorkers')
    for (const limit = Date.now() + 5_000; !isDone() && Date.now() < limit; )
      await Promise.race([
        new Promise<void>(resolve => {
          changed = resolve
        }),
        sleep(100),
      ])
    off()
    await tab.send('ServiceWorker.disable')
    if (!isDone()) throw new Error('a worker could not be stopped')
  }

  /** What the running worker of an origin keeps; null where none runs. */
  async workerMemory(origin: string): Promise<WorkerMemory | null> {
    const { targetInfos } = await this.#cdp.send('Target.getTargets', { filter: [{ type: 'service_worker' }] })
    const target = (targetInfos as { targetId: string; url: string }[]).find(({ url }) => url.startsWith(`${origin}/`))
    if (!target) return null
    const { targetId } = target
    const { sessionId } = await this.#cdp.send('Target.attachToTarget', { targetId, flatten: true })
    try {
      await this.#cdp.send('HeapProfiler.collectGarbage', {}, String(sessionId))
      const { usedSize } = await this.#cdp.send('Runtime.getHeapUsage', {}, String(sessionId))
      return { heap: Number(usedSize), script: await this.#scriptMemory(String(sessionId)) }
    } finally {
      await this.#cdp.send('Target.detachFromTarget', { sessionId })
    }
  }

  async #scriptMemory(sessionId: string): Promise<number> {
    const chunks: string[] = []
    const end = this.#cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void chunks.push(String(chunk)))
    await this.#cdp.send('HeapProfiler.takeHeapSnapshot', {}, sessionId)
    end()
    const { snapshot, nodes, strings } = JSON.parse(chunks.join('')) as HeapSnapshot
    const { node_fields: fields, node_types: types } = snapshot.meta
    const [type, name, size] = ['type', 'name', 'self_size'].map(field => fields.indexOf(field)) as [
      number,
      number,
      number,
    ]
    let sum = 0
    for (let at = 0; at < nodes.length; at += fields.length) {
      const isCode = types[0]?.[nodes[at + type] as number] === 'code'
      if (isCode || strings[nodes[at + name] as number] === 'system / ExternalStringData')
        sum += nodes[at + size] as number
    }
    return sum
  }

  /** What the browser notes of itself, in these categories, while it works. */
  async trace(categories: readonly string[], work: () => Promise<unknown>): Promise<readonly TraceEvent[]> {
    const events: TraceEvent[] = []
    let resolve: (() => void) | undefined
    const isComplete = new Promise<void>(settle => {
      resolve = settle
    })
    const ends = [
      this.#cdp.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as TraceEvent[]))),
      this.#cdp.on('Tracing.tracingComplete', () => resolve?.()),
    ]
    await this.#cdp.send('Tracing.start', { traceConfig: { includedCategories: categories } })
    try {
      await work()
    } finally {
      await this.#cdp.send('Tracing.end')
      await isComplete
      for (const end of ends) end()
    }
    return events
  }

  /** What all processes of this browser have used so far. */
  usage(): Usage {
    const usages = processTree(this.#pid).map(usageOf)
    return {
      cpu: usages.reduce((sum, { cpu }) => sum + cpu, 0),
      written: usages.reduce((sum, { written }) => sum + written, 0),
    }
  }

  /** The files that hold what sites have stored, each with a version that changes when it is written to. */
  storedFiles(): Map<string, string> {
    const files = new Map<string, string>()
    const walk = (folder: string) => {
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) walk(path)
        else files.set(path, versionOf(path))
      }
    }
    for (const folder of SITE_DATA) walk(join(this.#profile, 'Default', folder))
    return files
  }

  close(): Promise<void> {
    return this.#end()
  }
}

export class Tab {
  readonly #cdp: Cdp
  readonly #targetId: string
  readonly #sessionId: string

  constructor(cdp: Cdp, targetId: string, sessionId: string) {
    this.#cdp = cdp
    this.#targetId = targetId
    this.#sessionId = sessionId
  }

  send(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    return this.#cdp.send(method, params, this.#sessionId)
  }

  async runFirst(source: string): Promise<void> {
    await this.send('Page.enable')
    await this.send('Page.addScriptToEvaluateOnNewDocument', { source })
  }

  /** Settles once the page says that it is ready, whatever redirects it takes to get there. */
  async goto(url: string): Promise<void> {
    await this.send('Page.navigate', { url })
    const limit = Date.now() + READY_LIMIT
    for (;;) {
      // A context that a redirect destroys is no failure.
      const state = await this.evaluate<string>('globalThis.bench?.state ?? ""').catch(() => '')
      if (state === 'ready') return
      if (state !== '') throw new Error(`${url}: ${state}`)
      if (Date.now() > limit) throw new Error(`${url} is not ready after ${READY_LIMIT / 1000} s`)
      await sleep(25)
    }
  }

  toFront(): Promise<unknown> {
    return this.send('Page.bringToFront')
  }

  async evaluate<Result>(expression: string): Promise<Result> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as {
      result: { value: Result }
      exceptionDetails?: { text: string; exception?: { description?: string } }
    }
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** Calls a measure of `pages/kit.js`. */
  measure<Result>(name: string, argument: unknown = {}): Promise<Result> {
    return this.evaluate(`bench.${name}(${JSON.stringify(argument)})`)
  }

  async close(): Promise<void> {
    await this.#cdp.send('Target.closeTarget', { targetId: this.#targetId })
  }
}

function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(Number(name))
    if (fields) children.set(Number(fields[1]), [...(children.get(Number(fields[1])) ?? []), Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** What follows the name in /proc/PID/stat, which may itself hold spaces; null where the process has ended. */
function statOf(pid: number): string[] | null {
  const text = read(`/proc/${pid}/stat`)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function usageOf(pid: number): Usage {
  const fields = statOf(pid) ?? []
  const io = read(`/proc/${pid}/io`) ?? ''
  // User and system time, in the hundredths of a second that Linux counts in.
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  return { cpu: ticks * 10, written: Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0) }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function versionOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats ? `${stats.size} ${stats.mtimeMs}` : ''
}
