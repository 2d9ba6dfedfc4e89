import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../../../src/cli/cli.ts'

let root: string
let folder: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'refresh-worker-'))
  folder = join(root, 'public')
  await mkdir(join(root, 'dist'))
  await writeFile(join(root, 'package.json'), '{ "version": "1.2.3" }')
  await writeFile(join(root, 'dist/refresh-worker.js'), 'library')
  await writeFile(join(root, 'dist/refresh-worker.presets.js'), 'presets')
  await writeFile(join(root, 'dist/refresh-worker.in-page.js'), 'in page')
  await writeFile(join(root, 'dist/refresh-worker.event-source.js'), 'event source')
  await writeFile(join(root, 'dist/refresh-worker.page.js'), 'page')
  await writeFile(join(root, 'dist/kill.js'), 'killer')
})
afterEach(() => rm(root, { recursive: true }))

async function run(...args: string[]) {
  let out = ''
  let err = ''
  const code = await main(args, join(root, 'dist'), {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  return { code, out, err }
}

const content = (name: string) => readFile(join(folder, name), 'utf8')

describe('init', () => {
  it('writes the library and a worker script, and makes the folder', async () => {
    const { code, out, err } = await run('init', folder)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`made the folder ${folder}\n`)
    expect(await content('refresh-worker.js')).toBe('library')
    expect(await content('sw.js')).toMatch(/^importScripts\('refresh-worker\.js'\)\nRefreshWorker\.setup\(\{\n/)
  })

  it('leaves a worker script that is there alone, and shows what it should begin with', async () => {
    await mkdir(folder)
    await writeFile(join(folder, 'sw.js'), 'mine')
    await writeFile(join(folder, 'refresh-worker.js'), 'of old')
    const { out } = await run('init', folder)
    expect(await content('sw.js')).toBe('mine')
    expect(await content('refresh-worker.js')).toBe('library')
    expect(out).toContain("importScripts('refresh-worker.js')")
  })

  it('shows nothing of the kind to one that imports the library already', async () => {
    await run('init', folder)
    await writeFile(join(folder, 'sw.js'), "importScripts('refresh-worker.js') // mine")
    const { out } = await run('init', folder)
    expect(out).not.toContain('first lines')
    expect(await content('sw.js')).toContain('mine')
  })

  it('writes it anew by force, and under another name where that is asked for', async () => {
    await mkdir(folder)
    await writeFile(join(folder, 'sw.js'), 'mine')
    await run('init', folder, '--file', 'worker.js')
    expect(await content('sw.js')).toBe('mine')
    expect(await content('worker.js')).toContain('RefreshWorker.setup')
    await run('init', folder, '--force')
    expect(await content('sw.js')).toContain('RefreshWorker.setup')
  })
})

it('init --page brings what pages import without a bundler, which check knows, and init keeps up to date', async () => {
  expect((await run('init', folder)).out).toContain("from 'refresh-worker'")
  expect((await run('init', folder, '--page')).out).toContain("from './refresh-worker.page.js'")
  expect(await content('refresh-worker.page.js')).toBe('page')
  expect(await run('check', folder)).toMatchObject({ code: 0, out: expect.stringContaining('page.js is that of') })
  await writeFile(join(folder, 'refresh-worker.page.js'), '/*! refresh-worker 0.0.1, MIT */')
  expect(await run('check', folder)).toMatchObject({ code: 1, out: expect.stringContaining('page.js is of 0.0.1') })
  await run('init', folder)
  expect(await content('refresh-worker.page.js')).toBe('page')
  expect(await run('init', folder, '--file', 'refresh-worker.page.js')).toMatchObject({ code: 2 })
})

it('init --in-page brings what pages have in the place of a worker, which check knows, and init keeps up to date', async () => {
  await run('init', folder, '--in-page')
  expect(await content('refresh-worker.in-page.js')).toBe('in page')
  expect(await content('refresh-worker.event-source.js')).toBe('event source')
  expect(await content('sw.js')).not.toContain('in-page')
  expect(await run('check', folder)).toMatchObject({ code: 0, out: expect.stringContaining('in-page.js is that of') })
  await writeFile(join(folder, 'refresh-worker.in-page.js'), '/*! refresh-worker 0.0.1, MIT */')
  expect(await run('check', folder)).toMatchObject({ code: 1, out: expect.stringContaining('in-page.js is of 0.0.1') })
  await rm(join(folder, 'refresh-worker.event-source.js'))
  expect(await run('check', folder)).toMatchObject({ out: expect.stringContaining('event-source.js is not there') })
  await run('init', folder)
  expect(await content('refresh-worker.in-page.js')).toBe('in page')
})

describe('init --presets', () => {
  it('writes them too, and a worker script with one', async () => {
    await run('init', folder, '--presets')
    expect(await content('refresh-worker.presets.js')).toBe('presets')
    expect(await content('sw.js')).toMatch(
      /^importScripts\('refresh-worker\.js', 'refresh-worker\.presets\.js'\)\nRefreshWorker\.setup\(\{\n {2}\.\.\.RefreshWorker\.presets\./,
    )
  })

  it('are kept up to date from then on, and looked at by check', async () => {
    await run('init', folder, '--presets')
    await writeFile(join(folder, 'refresh-worker.presets.js'), '/*! refresh-worker 1.0.0, MIT */')
    expect(await run('check', folder)).toMatchObject({ code: 1, out: expect.stringContaining('is of 1.0.0') })
    await run('init', folder)
    expect(await run('check', folder)).toMatchObject({ code: 0, out: expect.stringContaining('presets.js is that of') })
  })

  it('shows a script that is there what it lacks', async () => {
    await run('init', folder)
    expect((await run('init', folder, '--presets')).out).toContain(
      "importScripts('refresh-worker.js', 'refresh-worker.presets.js')",
    )
  })
})

describe('check', () => {
  it('passes for the library of this version', async () => {
    await run('init', folder)
    expect(await run('check', folder)).toMatchObject({ code: 0, out: expect.stringContaining('1.2.3') })
  })

  it.each<[string, string | null, string]>([
    ['that of another version', '/*! refresh-worker 1.0.0, MIT */', 'is of 1.0.0, and this is 1.2.3'],
    ['one that was changed', '/*! refresh-worker 1.2.3, MIT */ mine', 'is not as 1.2.3 has it'],
    ['a file of another kind', 'mine', "is not this library's"],
    ['none', null, 'is not there'],
  ])('fails for %s, and says what to do', async (_, library, problem) => {
    await run('init', folder)
    await rm(join(folder, 'refresh-worker.js'))
    if (library !== null) await writeFile(join(folder, 'refresh-worker.js'), library)
    const copy = join(folder, 'refresh-worker.js')
    const out = `${copy} ${problem}: run refresh-worker init ${folder}\n`
    expect(await run('check', folder)).toEqual({ code: 1, out, err: '' })
    await run('init', folder)
    expect(await run('check', folder)).toMatchObject({ code: 0 })
  })
})

describe('kill (R37)', () => {
  it('puts the killer in the place of the worker script, and keeps that', async () => {
    await mkdir(folder)
    await writeFile(join(folder, 'sw.js'), 'mine')
    expect(await run('kill', folder)).toMatchObject({ code: 0 })
    expect([await content('sw.js'), await content('sw.js.bak')]).toEqual(['killer', 'mine'])
    // Once more is once too often, and does no harm.
    expect(await run('kill', folder)).toMatchObject({ code: 0 })
    expect(await content('sw.js.bak')).toBe('mine')
  })

  it('does not write over what was kept before, unless by force', async () => {
    await mkdir(folder)
    await writeFile(join(folder, 'sw.js'), 'mine')
    await writeFile(join(folder, 'sw.js.bak'), 'kept')
    expect(await run('kill', folder)).toMatchObject({ code: 2, err: expect.stringContaining('--force') })
    expect([await content('sw.js'), await content('sw.js.bak')]).toEqual(['mine', 'kept'])
    await run('kill', folder, '--force')
    expect([await content('sw.js'), await content('sw.js.bak')]).toEqual(['killer', 'mine'])
  })

  it('works where there is no worker script, too', async () => {
    await mkdir(folder)
    await run('kill', folder)
    expect(await readdir(folder)).toEqual(['sw.js'])
  })
})

describe('the command line', () => {
  it('helps, with each command too, and tells its version', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringMatching(/init DIR.*check DIR.*kill DIR/s) })
    for (const command of ['init', 'check', 'kill'])
      expect(await run(command, '-h')).toMatchObject({
        code: 0,
        out: expect.stringMatching(new RegExp(`^Usage: refresh-worker ${command} DIR`)),
      })
    expect(await run('--version')).toEqual({ code: 0, out: 'refresh-worker 1.2.3\n', err: '' })
  })

  it.each([
    [[], /name a command: init, build, check, kill or probe/],
    [['toString', 'public'], /no command toString: init, build, check, kill or probe/],
    [['innit', '--help'], /no command innit: init, build, check, kill or probe/],
    [['init'], /one folder/],
    [['init', 'a', 'b'], /one folder/],
    [['--what'], /there is no --what: --help, --version/],
    [
      ['init', 'public', '--forc'],
      /init takes no --forc: --file, --force, --in-page, --page, --presets, --help, --version/,
    ],
    [['init', 'public', '-f'], /init takes no -f/],
    [['check', 'public', '--force'], /check takes no --force/],
    [['init', 'public', '--force=yes'], /--force takes no value/],
    [['init', 'public', '--file'], /--file takes a name/],
    [['init', 'public', '--file', '../sw.js'], /--file takes a name/],
    [['kill', 'public', '--file', 'refresh-worker.js'], /--file takes a name/],
    [['check', 'nowhere'], /nowhere is no folder/],
    [['kill', 'nowhere'], /nowhere is no folder/],
  ])('says what is wrong with %j, and exits with 2', async (args, problem) => {
    const { code, out, err } = await run(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(problem)
    expect(err).toContain('refresh-worker --help tells more.')
  })

  it('says which file stands in the place of a folder', async () => {
    const err = expect.stringMatching(/^refresh-worker: EEXIST: .*package\.json'\n$/)
    expect(await run('init', join(root, 'package.json'))).toEqual({ code: 2, out: '', err })
  })

  it.runIf(process.geteuid)('says which file it may not write', async () => {
    await mkdir(folder)
    await chmod(root, 0o755)
    await chmod(folder, 0o555)
    // Root may write everywhere.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      const err = expect.stringMatching(/^refresh-worker: EACCES: permission denied, .*refresh-worker\.js'\n$/)
      expect(await run('init', folder)).toEqual({ code: 2, out: '', err })
    } finally {
      if (isRoot) process.seteuid?.(0)
      await chmod(folder, 0o755)
    }
  })
})

describe('V38: a symbolic link is not written through', () => {
  it.each([
    ['init', 'refresh-worker.js'],
    ['init', 'sw.js'],
    ['kill', 'sw.js'],
    ['kill', 'sw.js.bak'],
    ['build', 'sw.js'],
  ])('%s, %s', async (command, name) => {
    const elsewhere = join(root, 'elsewhere.js')
    await mkdir(folder)
    await writeFile(elsewhere, 'of somebody else')
    await symlink(elsewhere, join(folder, name))
    const config = join(root, 'auth.config.mjs')
    await writeFile(config, 'export default {}')
    const args = command === 'build' ? [config, '--out', join(folder, name)] : [folder, '--force']
    const { code, err } = await run(command, ...args)
    expect(code).toBe(2)
    expect(err).toContain(`${join(folder, name)} is a symbolic link`)
    expect(await readFile(elsewhere, 'utf8')).toBe('of somebody else')
    expect(await readdir(folder)).toEqual([name])
  })
})
