/** One run: steps, what happens after each, and what must hold in the end. */
import { createGo, type Scheduler, settled } from './scheduler.ts'
import { type Command, MINUTE, type Step } from './steps.ts'
import { type Circumstances, createWorld, type World } from './world.ts'

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

/** @param lastOrder the order of all that is still under way after the last step */
export async function run(
  scheduler: Scheduler,
  circumstances: Circumstances,
  steps: readonly Step[],
  lastOrder: number,
): Promise<void> {
  const world = createWorld(scheduler, circumstances)
  const go = createGo(scheduler, world.watch)
  const finish = async () => {
    do {
      await go(Number.POSITIVE_INFINITY, lastOrder)
      world.timeOut()
      await settled()
    } while (scheduler.count() > 0)
    world.watch.check(
      !circumstances.repeats || world.oracle.reuses() === 0,
      'G17: a refresh token was used twice, and not by one name',
    )
    for (const label of world.watch.unsettled()) world.watch.check(false, `INV5: ${label} never settles`)
    world.watch.assert()
  }
  try {
    for (const [command, count, order] of steps) {
      scheduler.trace.push(`> ${JSON.stringify(command)}`)
      if (command.do === 'cutOff') {
        void world.workers[command.worker].request()
        await go('a refresh is sent', order)
        world.kill(command.worker)
      } else execute(world, command)
      await go(count, order)
    }
    await finish()
    await recovers(world, finish, circumstances)
    world.watch.assert()
  } finally {
    world.end()
  }
}

/** Once the server is well again, whoever is logged in is served, and whoever is not knows it. */
async function recovers(world: World, finish: () => Promise<void>, circumstances: Circumstances) {
  world.setMode('ok')
  world.pass(6 * MINUTE)
  for (const { life, request } of Object.values(world.workers)) {
    const before = world.stored()
    const view = world.watch.view(life)
    world.watch.check(!view || idOf(view) === idOf(before), 'a worker has not heard of a login or logout')
    if (before.status === 'authenticated' && before.refreshToken === null) continue
    const isCutOff = !circumstances.repeats && before.status === 'authenticated' && before.begun > 1
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
    world.watch.check(!isGood || after === 'authenticated', 'G5: a session ended that could go on')
    world.watch.check(
      status === 200 || (status === 401 && after === 'anonymous'),
      `the API answers ${status} in the end`,
    )
  }
}

function idOf(session: ReturnType<World['stored']>): string | null {
  return session.status === 'authenticated' ? session.id : null
}
