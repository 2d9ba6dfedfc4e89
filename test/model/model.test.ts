/** N24: whatever happens, in whatever order, on one machine with two workers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Circumstances, createWorld, MODES, type Mode, type World } from './world.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

type Name = keyof World['workers']
type Command =
  | { readonly do: 'login'; readonly worker: Name; readonly user: string }
  | { readonly do: 'logout' | 'forward' | 'request' | 'update' | 'kill'; readonly worker: Name }
  /** A request, and the worker is killed when it has sent a refresh for it. */
  | { readonly do: 'cutOff'; readonly worker: Name }
  | { readonly do: 'expire' | 'revokeAccessToken' | 'timeOut' }
  | { readonly do: 'pass' | 'setClock'; readonly ms: number }
  | { readonly do: 'setMode'; readonly mode: Mode }

/** A command, and how many of the things that are under way go on after it, or until when they do. */
type Step = readonly [Command, number | 'a refresh is sent']

const worker = fc.constantFrom<Name>('A', 'B')
const commandOf = (users: readonly string[]): fc.Arbitrary<Command> =>
  fc.oneof(
    { weight: 8, arbitrary: worker.map(worker => ({ do: 'request', worker }) as const) },
    { weight: 4, arbitrary: fc.constant({ do: 'expire' } as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(...MODES).map(mode => ({ do: 'setMode', mode }) as const),
    },
    { weight: 3, arbitrary: worker.map(worker => ({ do: 'cutOff', worker }) as const) },
    { weight: 3, arbitrary: worker.map(worker => ({ do: 'kill', worker }) as const) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(worker, fc.constantFrom(...users))
        .map(([worker, user]) => ({ do: 'login', worker, user }) as const),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom('logout', 'forward', 'update'), worker)
        .map(([name, worker]) => ({ do: name, worker }) as const),
    },
    { weight: 2, arbitrary: fc.constantFrom('revokeAccessToken', 'timeOut').map(name => ({ do: name }) as const) },
    { weight: 2, arbitrary: fc.constantFrom(SECOND, 40 * SECOND).map(ms => ({ do: 'pass', ms }) as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(-HOUR, -2 * MINUTE, 0, HOUR, 24 * HOUR).map(ms => ({ do: 'setClock', ms }) as const),
    },
  )

const count: fc.Arbitrary<Step[1]> = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 6 }) },
  { weight: 1, arbitrary: fc.constant('a refresh is sent') },
)

const stepsOf = (maxLength: number, users = ['ann', 'bob']): fc.Arbitrary<Step[]> =>
  fc.array(fc.tuple(commandOf(users), count), { minLength: 1, maxLength, size: 'max' })

const usual: fc.Arbitrary<Circumstances> = fc.record({
  start: fc.constantFrom('expired', 'fresh', 'nobody'),
  onReuse: fc.constantFrom('revoke', 'refuse'),
  locks: fc.constant('held'),
  staleness: fc.constant('allowed'),
})

const but = (changes: Partial<Circumstances>) => usual.map(circumstances => ({ ...circumstances, ...changes }))

/** Everything that runs without outside help has run. */
const settled = () => new Promise(resolve => setImmediate(resolve))

const scheduler = () =>
  fc.scheduler({
    act: async run => {
      await run()
      await settled()
    },
  })

function execute(world: World, command: Exclude<Command, { do: 'cutOff' }>) {
  switch (command.do) {
    case 'login':
      return world.workers[command.worker].login(command.user)
    case 'logout':
    case 'forward':
    case 'request':
    case 'update':
      return void world.workers[command.worker][command.do]()
    case 'kill':
      return world.kill(command.worker)
    case 'pass':
    case 'setClock':
      return world[command.do](command.ms)
    case 'setMode':
      return world.setMode(command.mode)
    default:
      return world[command.do]()
  }
}

async function run(scheduler: fc.Scheduler, circumstances: Circumstances, steps: readonly Step[]): Promise<void> {
  const world = createWorld(scheduler, circumstances)
  const go = async (count: Step[1]) => {
    await settled()
    const sent = world.watch.refreshes()
    const isEnough = (n: number) => (typeof count === 'number' ? n >= count : n > 20 || world.watch.refreshes() > sent)
    for (let n = 0; scheduler.count() > 0 && !isEnough(n); n++) {
      await scheduler.waitNext(1)
      // Asked first, since `expect` takes longer than all else.
      if (world.watch.broken.length > 0) expect(world.watch.broken).toEqual([])
    }
  }
  const finish = async () => {
    do {
      await go(Number.POSITIVE_INFINITY)
      world.timeOut()
      await settled()
    } while (scheduler.count() > 0)
    expect([...world.watch.broken, ...world.watch.unsettled().map(label => `INV5: ${label} never settles`)]).toEqual([])
  }
  try {
    for (const [command, count] of steps) {
      if (command.do === 'cutOff') {
        void world.workers[command.worker].request()
        await go('a refresh is sent')
        world.kill(command.worker)
      } else execute(world, command)
      await go(count)
    }
    await finish()
    await recovers(world, finish)
  } finally {
    world.end()
  }
}

/** Once the server is well again, whoever is logged in is served, and whoever is not knows it. */
async function recovers(world: World, finish: () => Promise<void>) {
  world.setMode('ok')
  world.pass(6 * MINUTE)
  for (const { life, request } of Object.values(world.workers)) {
    const before = world.stored()
    const view = world.watch.view(life)
    if (view && idOf(view) !== idOf(before)) {
      // The one that knew was killed before it could tell: the others learn of it when they look at the store.
      expect(world.isNewsLost(), 'a worker has not heard of a login or logout').toBe(true)
      continue
    }
    if (before.status === 'authenticated' && before.refreshToken === null) continue
    const isCutOff = before.status === 'authenticated' && before.begun > 1
    const isGood = before.status === 'authenticated' && world.oracle.takes(before.refreshToken ?? '') && !isCutOff
    let status: number | undefined
    // The first may only bring the token of another worker, which has expired as well.
    for (let n = 0; n < 3; n++) {
      const response = request()
      await finish()
      status = (await response)?.status
      if (status === 200 || world.stored().status === 'anonymous') break
      world.pass(MINUTE)
    }
    const { status: after } = world.stored()
    if (isGood) expect(after, 'G5').toBe('authenticated')
    expect(status, 'recovers').toBeOneOf(after === 'authenticated' ? [200] : [200, 401])
  }
}

function idOf(session: ReturnType<World['stored']>): string | null {
  return session.status === 'authenticated' ? session.id : null
}

const check = (numRuns: number, circumstances: fc.Arbitrary<Circumstances>, steps: fc.Arbitrary<Step[]>) =>
  fc.assert(fc.asyncProperty(scheduler(), circumstances, steps, run), { numRuns })

// A worker that has not heard yet of what another one has acknowledged (`staleness: 'allowed'`) may act on what it knows:
// between two workers, news takes as long as a BroadcastChannel does.
describe('N24: the invariants hold', { timeout: 120_000 }, () => {
  it('in many short sequences', () => check(10_000, usual, stepsOf(8)))

  it('in some long ones', () => check(300, usual, stepsOf(40)))

  it('without a lock, but for one refresh at a time', () => check(2_000, but({ locks: 'stolen' }), stepsOf(10)))

  it('with sessions that have no refresh token', () =>
    check(1_000, but({ start: 'expired for good' }), stepsOf(8, ['ann', 'guest'])))
})
