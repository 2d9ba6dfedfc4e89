import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { problemsOf } from '../../../scripts/packed-files.mjs'

const home = mkdtempSync(join(tmpdir(), 'refresh-worker-packed-'))
afterEach(() => rmSync(home, { recursive: true }))

const RIGHT = {
  LICENSE: 'MIT',
  'package.json': JSON.stringify({
    bin: './dist/bin.js',
    exports: {
      '.': { types: './dist/types/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
  }),
  'README.md': '![the demo](docs/demo.png) [guide](docs/guide.md#start) [npm](https://npmjs.com)',
  'docs/guide.md': '[back](../README.md) [here](#start) ![figure](figure.svg)\n```js\nlist[n](no-link)\n```\n',
  'docs/figure.svg': '<svg/>',
  'dist/THIRD-PARTY-LICENSES.txt': 'MIT',
  'dist/THIRD-PARTY-LICENSES.in-page.txt': 'MIT',
  'dist/index.js': "import './shared/a.js'; export const more = () => import('./shared/b.js')",
  'dist/shared/a.js': '',
  'dist/shared/b.js': '',
  'dist/bin.js': "copyFile('kill.js')",
  'dist/kill.js': '',
  'dist/types/index.d.ts': "export * from './state.js'",
  'dist/types/state.d.ts': '',
}

it('has something against files that are not used, that lack, and links out of the package', () => {
  const pack = (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text)
    }
    return problemsOf(home, Object.keys(files))
  }
  expect(pack(RIGHT)).toEqual([])
  const { LICENSE: _, ...withoutLicense } = RIGHT
  expect(pack(withoutLicense)).toEqual(['LICENSE is not packed'])
  expect(
    pack({
      ...RIGHT,
      'test/a.test.ts': '',
      'dist/shared/old.js': '',
      'docs/guide.md': '[a test](../test/browser/a.test.ts) [the map](../CONTRIBUTING.md#the-map)',
    }),
  ).toEqual([
    'test/a.test.ts is packed, and nobody needs it',
    'dist/shared/old.js is packed, and neither an entry nor the command line leads to it',
    'docs/guide.md links to test/browser/a.test.ts, which is not in the package',
    'docs/guide.md links to CONTRIBUTING.md, which is not in the package',
  ])
})
