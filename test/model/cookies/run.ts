/** One run where sessions are in cookies: steps, what happens after each, and what must hold in the end. */
import { createGo, type Scheduler, settled } from '../scheduler.ts'
import { MINUTE } from '../steps.ts'
import type { Circumstances, Command, Step } from './steps.ts'
import { userIn } from './watch.ts'
import { type CookieWorld, createCookieWorld } from './world.ts'

function execute(world: CookieWorld, command: Exclude<Command, { do: 'cutOff' }>): unknown {
  switch (command.do) {
    case 'login':
    case 'form':
      return world[command.do](command.worker, command.user)
    case 'pass':
    case 'setClock':
      return world[command.do](command.ms)
    case 'setMode':
      return world.setMode(command.mode)
    case 'expire':
    case 'revokeAccessToken':
      return world[command.do]()
    default:
      return world[command.do](command.worker)
  }
}

/** @param lastOrder the order of all that is still under way after the last step */
export async function run(
  scheduler: Scheduler,
  circumstances: Circumstances,
  steps: readonly Step[],
  lastOrder: number,
): Promise<void> {
  const world = createCookieWorld(scheduler, circumstances)
  const { watch } = world
  const go = createGo(scheduler, watch)
  const finish = async () => {
    do {
      await go(Number.POSITIVE_INFINITY, lastOrder)
      world.pass(MINUTE)
      await settled()
    } while (scheduler.count() > 0 || world.isWaiting())
    for (const label of watch.unsettled()) watch.check(false, `INV5: ${label} never settles`)
    watch.assert()
  }
  try {
    for (const [command, count, order] of steps) {
      scheduler.trace.push(`> ${JSON.stringify(command)}`)
      watch.commands()
      if (command.do === 'cutOff') {
        void world.request(command.worker)
        await go('a refresh is sent', order)
        world.kill(command.worker)
      } else execute(world, command)
      await go(count, order)
    }
    await finish()
    watch.rests(world.stored(), world.user())
    watch.assert()
    await recovers(world, finish, circumstances)
    watch.assert()
  } finally {
    world.end()
  }
}

/** Once the server is well again, who is logged in there is so here, and who is not knows it. */
async function recovers(world: CookieWorld, finish: () => Promise<void>, { canAsk, kind }: Circumstances) {
  const { watch } = world
  world.setMode('ok')
  world.setClock(0)
  world.pass(6 * MINUTE)
  for (const name of ['A', 'B'] as const) {
    // An address that is typed: of who has logged in meanwhile, no worker may have seen.
    world.visit(name, '')
    await finish()
    // As things are when it is answered: after that, time goes by.
    const answered = world.request(name).then(response => [response?.status, world.stored(), world.user()] as const)
    await finish()
    const [status, stored, user] = await answered
    const isIn = stored.status === 'authenticated'
    watch.check(
      // Without a sessionUrl, who is not known to be logged in may be.
      status === 200 ? isIn || (kind === 'both' && !canAsk) : status === 401 && !isIn,
      `the API answers ${status} in the end, and the session is ${stored.status}`,
    )
    const isOther = isIn && user !== null && userIn(stored) !== null && userIn(stored) !== user
    // Where nobody can be asked, a login whose worker is killed, or that overtakes another without a lock, is not seen.
    watch.check(!isOther || !canAsk, `K7: ${user} is taken for ${userIn(stored)}`)
  }
}
