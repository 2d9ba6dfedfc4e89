// Finds a Chromium for the browser tests, or installs one. Nothing is skipped: without one, the tests fail.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge']
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  join(process.env.PROGRAMFILES ?? '', 'Google/Chrome/Application/chrome.exe'),
]

/** The path of an installed Chromium or Chrome, Playwright's own included; undefined where there is none. */
function findChromium() {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap(folder => COMMANDS.flatMap(name => [join(folder, name), join(folder, `${name}.exe`)]))
  return [process.env.CHROMIUM_PATH ?? '', ...onPath, ...ELSEWHERE, chromium.executablePath()].find(existsSync)
}

function run(command, ...args) {
  console.error(`$ ${command} ${args.join(' ')}`)
  // Its output is not the caller's: whoever starts this reads the path from standard output.
  execFileSync(command, args, {
    stdio: ['ignore', process.stderr, 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    shell: process.platform === 'win32',
  })
}

/** Settles with the path of a Chromium, installed by apt or Playwright where there was none. */
export function ensureChromium() {
  const installed = findChromium()
  if (installed) return installed

  const attempts = [() => run('npx', 'playwright-core', 'install', 'chromium')]
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'))
    attempts.unshift(() => {
      run('apt-get', 'update', '-qq')
      run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium')
    })
  for (const attempt of attempts) {
    try {
      attempt()
    } catch (error) {
      console.error(error.message)
    }
    const path = findChromium()
    if (path) return path
  }
  throw new Error(
    'The browser tests need Chromium or Chrome, and none could be installed. Install one (Debian: apt-get install chromium), or set CHROMIUM_PATH.',
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(ensureChromium())
