import type { Chromium, Tab } from './chromium.ts'
import type { Server, Site } from './server.ts'
import type { Figure } from './statistics.ts'
import { type Kit, SUBJECTS, type Subject, type SubjectName } from './subjects.ts'

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What was promised, and whether it came out. */
export interface Target {
  readonly what: string
  readonly limit: string
  readonly found: string
  readonly isMet: boolean
}

export interface Bars {
  readonly title: string
  readonly unit: string
  readonly bars: readonly { readonly name: SubjectName; readonly figure: Figure }[]
}

export interface Lines {
  readonly title: string
  readonly unit: string
  readonly at: readonly number[]
  readonly lines: readonly {
    readonly name: SubjectName
    readonly values: readonly number[]
    readonly fails: readonly boolean[]
  }[]
}

/** What a measure has to say. */
export interface Section {
  readonly title: string
  readonly text: string
  readonly tables: readonly Table[]
  readonly targets: readonly Target[]
  readonly bars?: Bars
  readonly lines?: Lines
}

export interface Measure {
  readonly name: string
  readonly run: (bench: Bench) => Promise<Section>
}

/** What measures share: one browser, one server, the subjects, and a note of what could not be run. */
export class Bench {
  readonly browser: Chromium
  readonly server: Server
  readonly kit: Kit
  readonly failures: string[] = []
  readonly #rounds: number | null

  /** @param rounds overrides how often each measure is repeated */
  constructor(browser: Chromium, server: Server, kit: Kit, rounds: number | null) {
    this.browser = browser
    this.server = server
    this.kit = kit
    this.#rounds = rounds
  }

  /** How many rounds count; one more is run first, and dropped. */
  rounds(usual: number): number {
    return this.#rounds ?? usual
  }

  site({ name }: Subject, tag = ''): Site {
    return this.server.site(tag ? `${name}-at-${tag}` : name)
  }

  /** A new tab that is logged in; a session that was lost is replaced. */
  async open(subject: Subject, tag = ''): Promise<Tab> {
    const { origin } = this.site(subject, tag)
    return this.browser.open(`${origin}/`).catch(() => this.browser.open(`${origin}/?login=1`))
  }

  /** More tabs like these, until there are `size`: the first one logs in, the others find its session. */
  async fill(tabs: Tab[], size: number, one: Subject, tag: string): Promise<void> {
    if (tabs.length === 0) tabs.push(await this.open(one, tag))
    while (tabs.length < size) {
      const count = Math.min(5, size - tabs.length)
      const opened = await Promise.allSettled(Array.from({ length: count }, () => this.open(one, tag)))
      for (const result of opened) if (result.status === 'fulfilled') tabs.push(result.value)
      const failed = opened.find(result => result.status === 'rejected')
      if (failed) throw failed.reason
    }
  }

  /** Runs one subject of a round; what goes wrong there is noted, and the others go on. */
  async attempt<Result>(subject: Subject, measure: string, work: () => Promise<Result>): Promise<Result | null> {
    try {
      return await work()
    } catch (error) {
      const message = `${subject.name}, ${measure}: ${error instanceof Error ? error.message : error}`
      if (!this.failures.includes(message)) {
        this.failures.push(message)
        console.error(`  could not be run: ${message}`)
      }
      return null
    }
  }
}

export function subject(name: SubjectName): Subject {
  return SUBJECTS.find(one => one.name === name) as Subject
}

/** A subject, or the same set up in another way. */
export interface Variant {
  readonly name: string
  readonly title: string
  readonly one: Subject
  /** Says which way: see `subjects.ts`. */
  readonly tag: string
}

/** The subjects as they are, and each variant after the one that it is of. */
export function withVariants(subjects: readonly Subject[], variants: readonly Variant[]): readonly Variant[] {
  return subjects.flatMap(one => {
    const { name, title } = one
    return [{ name, title, one, tag: '' }, ...variants.filter(variant => variant.one === one)]
  })
}

/** Values by subject, and by round: a subject that failed in a round has none there. */
export class Samples {
  readonly #values = new Map<string, Map<number, number>>()

  add(name: string, round: number, value: number): void {
    const values = this.#values.get(name) ?? new Map<number, number>()
    this.#values.set(name, values.set(round, value))
  }

  of(name: string): number[] {
    return [...(this.#values.get(name)?.values() ?? [])]
  }

  /** The values of both in those rounds that both have. */
  pairs(name: string, other: string): [number[], number[]] {
    const [values, others] = [this.#values.get(name), this.#values.get(other)]
    const rounds = [...(values?.keys() ?? [])].filter(round => others?.has(round))
    return [rounds.map(round => values?.get(round) as number), rounds.map(round => others?.get(round) as number)]
  }
}
