/** Backends that are programs of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Answers as soon as it is ready. */
  readonly url: string
}

/** Starts a program, and settles once it answers at its URL. */
export async function start({ command, args, cwd, env, url }: Program): Promise<() => Promise<void>> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => {
      said += text
    })
  const ended = once(child, 'close')
  const gone = ended.then(([code]) =>
    Promise.reject(new Error(`${command} has ended with ${code}: ${said.slice(-2_000)}`)),
  )
  // What nobody waits for any more.
  gone.catch(() => undefined)
  await Promise.race([gone, answers(url)])
  return async () => {
    kill(child)
    await ended
  }
}

async function answers(url: string) {
  for (;;) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    )
    if (isThere) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function kill({ pid }: ChildProcess) {
  // With all that it has started.
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}
