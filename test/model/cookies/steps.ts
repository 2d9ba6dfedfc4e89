/** What can be done where sessions are in cookies. */
import fc from 'fast-check'
import type { OnReuse } from '../oracle.ts'
import { MINUTE, order, type Step as StepOf } from '../steps.ts'
import type { Kind, Says } from './server.ts'

export const MODES = [
  'ok',
  '503',
  'network',
  'hang',
  'refused',
  'lost',
  'lost, with its cookies',
  'lost, hangs',
  'slow',
  'api 401',
  'logout 503',
] as const
export type Mode = (typeof MODES)[number]

export interface Circumstances {
  /** `unseen`: the cookies are there, and no worker has seen the login. */
  readonly start: 'nobody' | 'fresh' | 'expired' | 'unseen'
  readonly onReuse: OnReuse
  readonly locks: 'held' | 'stolen'
  readonly kind: Kind
  readonly says: Says
  /** Whether the worker knows a `sessionUrl`. */
  readonly canAsk: boolean
}

type Name = 'A' | 'B'

export type Command =
  | { readonly do: 'login' | 'form'; readonly worker: Name; readonly user: string }
  | {
      readonly do: 'logout' | 'forward' | 'leave' | 'request' | 'update' | 'state' | 'recheck' | 'visit' | 'kill'
      readonly worker: Name
    }
  /** A request, and the worker is killed when it has sent a refresh for it. */
  | { readonly do: 'cutOff'; readonly worker: Name }
  | { readonly do: 'expire' | 'revokeAccessToken' }
  | { readonly do: 'pass' | 'setClock'; readonly ms: number }
  | { readonly do: 'setMode'; readonly mode: Mode }

export type Step = readonly [Command, StepOf[1], order: number]

const worker = fc.constantFrom<Name>('A', 'B')
const does = <T extends string>(...names: T[]) =>
  fc.tuple(fc.constantFrom(...names), worker).map(([name, worker]) => ({ do: name, worker }) as const)
const user = fc.constantFrom('ann', 'bob')

const commandOf = (hasForms: boolean): fc.Arbitrary<Command> =>
  fc.oneof(
    { weight: 8, arbitrary: does('request') },
    { weight: 4, arbitrary: fc.constant({ do: 'expire' } as const) },
    { weight: 4, arbitrary: fc.constantFrom(...MODES).map(mode => ({ do: 'setMode', mode }) as const) },
    { weight: 4, arbitrary: does('visit', 'state') },
    { weight: 2, arbitrary: does('cutOff') },
    { weight: 2, arbitrary: does('kill') },
    {
      weight: 3,
      arbitrary: fc.tuple(worker, user).map(([worker, user]) => ({ do: 'login', worker, user }) as const),
    },
    { weight: 4, arbitrary: does('logout', 'forward', 'update', 'recheck') },
    ...(hasForms
      ? [
          {
            weight: 3,
            arbitrary: fc.tuple(worker, user).map(([worker, user]) => ({ do: 'form', worker, user }) as const),
          },
          { weight: 2, arbitrary: does('leave') },
        ]
      : []),
    { weight: 1, arbitrary: fc.constant({ do: 'revokeAccessToken' } as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(1000, 4000, 11_000, 40_000).map(ms => ({ do: 'pass', ms }) as const),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(-60, -2, 0, 60).map(minutes => ({ do: 'setClock', ms: minutes * MINUTE }) as const),
    },
  )

const count: fc.Arbitrary<Step[1]> = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 8 }) },
  { weight: 1, arbitrary: fc.constant('a refresh is sent') },
)

export const stepsOf = (maxLength: number, hasForms: boolean): fc.Arbitrary<Step[]> =>
  fc.array(fc.tuple(commandOf(hasForms), count, order), { minLength: 1, maxLength, size: 'max' })

export const usual: fc.Arbitrary<Circumstances> = fc.record({
  start: fc.constantFrom('nobody', 'fresh', 'expired', 'unseen'),
  onReuse: fc.constantFrom('revoke', 'refuse'),
  locks: fc.constant('held'),
  kind: fc.constant('both'),
  says: fc.constantFrom('nothing', 'life', 'all'),
  canAsk: fc.boolean(),
})

export const but = (changes: Partial<Circumstances>) => usual.map(circumstances => ({ ...circumstances, ...changes }))
