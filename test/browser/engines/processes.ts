import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Waits beside the command until whoever holds our end of the pipe is gone, however that came about; then ends the
 * command, and whatever it has started.
 */
const GUARD = `
  "$@" &
  command=$!
  cat
  # Not to say of each process that it was ended
  exec 2>/dev/null
  trap '' TERM
  kill -TERM 0
  (sleep 5; kill -KILL 0) &
  wait $command
  kill -KILL 0`

/** Starts a command that does not outlive this process, nor does anything that the command starts. */
export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn('sh', ['-c', GUARD, 'sh', command, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    // A process group of its own, for the guard to kill.
    detached: true,
  })
}

export async function stop(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.stdin?.end()
  await ended
}
