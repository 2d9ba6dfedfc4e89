import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { main } from '../../src/cli.ts'

let root: string
let folder: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'refresh-worker-'))
  folder = join(root, 'public')
  await mkdir(join(root, 'dist'))
  await writeFile(join(root, 'package.json'), '{ "version": "1.2.3" }')
  await writeFile(join(root, 'dist/refresh-worker.js'), 'library')
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
    expect(await run('init', folder)).toMatchObject({ code: 0, err: '' })
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

describe('check', () => {
  it('passes for the library of this version', async () => {
    await run('init', folder)
    expect(await run('check', folder)).toMatchObject({ code: 0, out: expect.stringContaining('1.2.3') })
  })

  it('fails for another, and for none, and says what to do', async () => {
    await run('init', folder)
    await writeFile(join(folder, 'refresh-worker.js'), 'of old')
    const remedy = expect.stringContaining(`run refresh-worker init ${folder}`)
    expect(await run('check', folder)).toMatchObject({ code: 1, out: remedy })
    await rm(join(folder, 'refresh-worker.js'))
    expect(await run('check', folder)).toMatchObject({ code: 1, out: remedy })
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
  it('helps, and tells its version', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage: refresh-worker') })
    expect(await run('--version')).toMatchObject({ code: 0, out: 'refresh-worker 1.2.3\n' })
  })

  it.each([
    [[], /name a command/],
    [['toString', 'public'], /no command toString/],
    [['init'], /one folder/],
    [['init', 'a', 'b'], /one folder/],
    [['init', 'public', '--what'], /--what/],
    [['init', 'public', '--file', '../sw.js'], /--file takes a name/],
    [['kill', 'public', '--file', 'refresh-worker.js'], /--file takes a name/],
    [['check', 'nowhere'], /nowhere is no folder/],
    [['kill', 'nowhere'], /nowhere is no folder/],
  ])('says what is wrong with %j, and exits with 2', async (args, problem) => {
    expect(await run(...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(problem) })
  })
})
