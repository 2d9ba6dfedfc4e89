// Finds the browsers of the tests, or installs them where that is possible.
//   node scripts/browsers.mjs           all of them: says what is missing, and fails where it must not be
//   node scripts/browsers.mjs firefox   one: prints its path
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const PROGRAMS = process.env.PROGRAMFILES ?? ''

/** Chromium's engine without what is around it for people: half of the work for the same answers. */
const SHELL = 'chromium-headless-shell'

const ENGINES = {
  chromium: {
    title: 'Chromium or Chrome',
    packages: ['chromium', SHELL],
    hint: 'or set CHROMIUM_PATH',
    find: () =>
      [
        process.env.CHROMIUM_PATH ?? '',
        ...onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'),
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
        join(PROGRAMS, 'Google/Chrome/Application/chrome.exe'),
        chromium.executablePath(),
      ].find(existsSync),
  },
  firefox: {
    title: 'Firefox',
    packages: ['firefox-esr'],
    hint: 'or set FIREFOX_PATH',
    // Not Playwright's own, which is patched: the one that people have.
    find: () =>
      [
        process.env.FIREFOX_PATH ?? '',
        ...onPath('firefox-esr', 'firefox'),
        '/Applications/Firefox.app/Contents/MacOS/firefox',
        join(PROGRAMS, 'Mozilla Firefox/firefox.exe'),
      ].find(existsSync),
  },
  webkit: {
    title: 'WebKitGTK (with its driver and Xvfb)',
    packages: ['webkit2gtk-driver', 'xvfb'],
    hint: 'on Linux only',
    find: () => {
      const helpers = ['WebKitWebDriver', 'Xvfb'].map(name => onPath(name).find(existsSync))
      return helpers.includes(undefined) ? undefined : MINI_BROWSERS.find(existsSync)
    },
  },
}

const MINI_BROWSERS = ['lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu', 'libexec', 'lib64', 'lib'].map(
  folder => `/usr/${folder}/webkit2gtk-4.1/MiniBrowser`,
)

/** What Chromium needs to run as root, and to leave the network and the profile alone. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const ENGINE_NAMES = Object.keys(ENGINES)

/** Where every engine has to be tested; elsewhere one that cannot be had, other than Chromium, is left out. */
export function isRequired(name) {
  return name === 'chromium' || Boolean(process.env.CI)
}

/** The path of an installed browser; undefined where there is none. */
export function findBrowser(name) {
  return ENGINES[name].find()
}

/** The path of a Chromium that shows nobody anything, and so has no back-forward cache; undefined where there is none. */
export function findShell() {
  return process.env.CHROMIUM_PATH ? undefined : onPath(SHELL).find(existsSync)
}

/** The path of a browser, installed by apt or Playwright where there was none; throws where that fails. */
export function ensureBrowser(name) {
  const { title, packages, hint } = ENGINES[name]
  for (const attempt of [() => undefined, ...installers(name)]) {
    try {
      attempt()
    } catch (error) {
      console.error(error.message)
    }
    const path = findBrowser(name)
    if (path) return path
  }
  throw new Error(`${title} is missing: install it (Debian: apt-get install ${packages.join(' ')}), ${hint}.`)
}

function installers(name) {
  const byApt = () => installByApt(...ENGINES[name].packages)
  const byPlaywright = () => run('npx', 'playwright-core', 'install', 'chromium')
  return [...(hasApt() ? [byApt] : []), ...(name === 'chromium' ? [byPlaywright] : [])]
}

function hasApt() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

export function installByApt(...packages) {
  run('apt-get', 'update', '-qq')
  run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages)
}

function onPath(...names) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap(folder => names.flatMap(name => [join(folder, name), join(folder, `${name}.exe`)]))
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

function main([only]) {
  if (only) {
    if (!ENGINE_NAMES.includes(only)) throw new Error(`There is no ${only}: one of ${ENGINE_NAMES.join(', ')}.`)
    console.log(ensureBrowser(only))
    return
  }
  // Only to be done sooner: a Chromium that is there already will do.
  if (process.env.CI && hasApt() && findBrowser('chromium') && !findShell()) {
    try {
      installByApt(SHELL)
    } catch (error) {
      console.error(error.message)
    }
  }
  for (const name of ENGINE_NAMES) {
    try {
      ensureBrowser(name)
    } catch (error) {
      if (isRequired(name)) throw error
      console.error(`\n*** NOT TESTED in ${name}. ${error.message} ***\n`)
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    main(process.argv.slice(2))
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
