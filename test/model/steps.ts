/** What can be done to the world, and what can happen in between. */
import fc from 'fast-check'
import { type Circumstances, MODES, type Mode, type World } from './world.ts'

const SECOND = 1000
export const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

type Name = keyof World['workers']
export type Command =
  | { readonly do: 'login'; readonly worker: Name; readonly user: string }
  | { readonly do: 'logout' | 'forward' | 'request' | 'update' | 'kill'; readonly worker: Name }
  /** A request, and the worker is killed when it has sent a refresh for it. */
  | { readonly do: 'cutOff'; readonly worker: Name }
  | { readonly do: 'expire' | 'revokeAccessToken' | 'timeOut' }
  | { readonly do: 'pass' | 'setClock'; readonly ms: number }
  | { readonly do: 'setMode'; readonly mode: Mode }

/** A command, then how many of the things that are under way happen, or until when they do, and in what order. */
export type Step = readonly [Command, number | 'a refresh is sent', order: number]

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

/** See `choicesOf`; without bias, since small numbers are those with few choices in them. */
export const order = fc.noBias(fc.maxSafeNat())

export const stepsOf = (maxLength: number, users = ['ann', 'bob']): fc.Arbitrary<Step[]> =>
  fc.array(fc.tuple(commandOf(users), count, order), { minLength: 1, maxLength, size: 'max' })

export const usual: fc.Arbitrary<Circumstances> = fc.record({
  start: fc.constantFrom('expired', 'fresh', 'nobody'),
  onReuse: fc.constantFrom('revoke', 'refuse'),
  locks: fc.constant('held'),
})

export const but = (changes: Partial<Circumstances>) => usual.map(circumstances => ({ ...circumstances, ...changes }))
